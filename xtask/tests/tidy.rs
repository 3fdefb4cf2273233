//! What no compiler checks: who may import whom, and what a file of this house never holds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use toml::{Table, Value};

const LINES: usize = 450;

/// A crate of the workspace.
struct Member {
    folder: String,
    manifest: Table,
}

/// One entry of a `dependencies` table.
struct Dependency {
    name: String,
    entry: Value,
}

impl Dependency {
    fn is_of_workspace(&self) -> bool {
        self.entry.get("workspace").and_then(Value::as_bool) == Some(true)
    }
}

impl Member {
    /// Every dependency of every kind and for every target.
    fn dependencies(&self) -> Vec<Dependency> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let tables = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        std::iter::once(&self.manifest)
            .chain(tables)
            .flat_map(|table| {
                ["dependencies", "dev-dependencies", "build-dependencies"]
                    .into_iter()
                    .filter_map(|kind| table.get(kind)?.as_table())
            })
            .flatten()
            .map(|(name, entry)| Dependency { name: name.clone(), entry: entry.clone() })
            .collect()
    }
}

fn root() -> &'static Path {
    // As cargo says it now: a shared target directory may hold this test as another clone built it.
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        Path::new(&manifest).parent().expect("xtask lies below the root").to_owned()
    });
    &ROOT
}

fn manifest(folder: &str) -> Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).expect("a member has a manifest");
    text.parse().expect("cargo has read it too")
}

fn members() -> Vec<Member> {
    let workspace = manifest("");
    let folders = workspace["workspace"]["members"].as_array().expect("members are a list");
    let folders = folders.iter().map(|it| it.as_str().expect("a member is a path").to_owned());
    folders.map(|folder| Member { manifest: manifest(&folder), folder }).collect()
}

/// Every Rust file of the workspace, as a path from the root, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() && !path.ends_with("target") {
                collect(&path, into);
            } else if path.extension() == Some("rs".as_ref()) {
                let text = fs::read_to_string(&path).expect("Rust is text");
                into.push((path.strip_prefix(root()).expect("it is below").to_owned(), text));
            }
        }
    }

    let mut sources = Vec::new();
    for member in members() {
        collect(&root().join(member.folder), &mut sources);
    }
    sources
}

/// Lines that break a rule, as `file:line`.
fn offences(breaks: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (index, line) in text.lines().enumerate() {
            if breaks(&path, line) {
                found.push(format!("{}:{}: {}", path.display(), index + 1, line.trim()));
            }
        }
    }
    found
}

#[track_caller]
fn expect_none(offences: &[String], rule: &str) {
    assert!(offences.is_empty(), "{rule}:\n{}", offences.join("\n"));
}

#[test]
fn adapters_import_the_domain_and_never_each_other() {
    let members = members();
    let ours: BTreeSet<&str> = members.iter().map(|member| member.folder.as_str()).collect();

    let mut offences = Vec::new();
    for member in &members {
        for dependency in member.dependencies() {
            // A crate of ours goes by its folder's name, and by its package's where not renamed.
            let name = dependency.name.strip_prefix("easel-").unwrap_or(&dependency.name);
            let is_path = dependency.entry.get("path").is_some();
            let may = match member.folder.as_str() {
                // Its own tests ask for it anew, with the fakes in it: no arrow to anybody else.
                "domain" => name == "domain",
                "xtask" => false,
                "cmd" => name != "xtask",
                _ => name == "domain",
            };
            if is_path || (ours.contains(name) && dependency.is_of_workspace() && !may) {
                offences.push(format!("{} imports {name}", member.folder));
            }
        }
    }

    expect_none(&offences, "only `cmd` knows the adapters; everyone else imports `domain` at most");
}

#[test]
fn versions_and_lints_are_the_workspaces() {
    let mut offences = Vec::new();
    for member in members() {
        for dependency in member.dependencies().iter().filter(|it| !it.is_of_workspace()) {
            offences.push(format!("{}/Cargo.toml: {}", member.folder, dependency.name));
        }
        let lints = member.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) {
            offences.push(format!("{}/Cargo.toml: [lints]", member.folder));
        }
    }

    expect_none(&offences, "a dependency is `{ workspace = true }`, and so are the lints");
}

#[test]
fn modules_lie_beside_their_folders() {
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| path.ends_with("mod.rs"))
        .map(|(path, _)| path.display().to_string())
        .collect();

    expect_none(&found, "`foo.rs` beside `foo/`, no `mod.rs`");
}

#[test]
fn files_are_short() {
    let found: Vec<_> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();

    expect_none(&found, "a long file holds a second noun");
}

/// The Content-Security-Policy allows no inline style; the CSSOM is not one.
#[test]
fn markup_carries_no_style() {
    let found = offences(|path, line| {
        path.starts_with("frontend") && (line.contains(" style={") || line.contains(" style=\""))
    });

    expect_none(&found, "no `style=` in `html!`");
}

#[test]
fn nothing_is_given_to_a_shell() {
    let found = offences(|path, line| {
        let shells = ["sh", "bash", "/bin/sh", "/bin/bash"];
        let starts = |shell| line.contains(&format!("Command::new(\"{shell}\")"));
        !path.starts_with("xtask") && shells.into_iter().any(starts)
    });

    expect_none(&found, "a program is started with a list of arguments");
}

/// Who leads to a replica, and by which network, is the business of the engine's adapter, of the port
/// that keeps its addresses, and of the fakes and tests that play an engine. Everybody else asks for
/// replicas that serve, and believes where they are reported to answer.
#[test]
fn only_the_adapter_knows_networks_and_the_names_on_them() {
    let its = [
        "runtime",
        "domain/src/network.rs",
        "domain/tests/domain/network.rs",
        "domain/src/outbound",
        "domain/tests/domain/outbound.rs",
        "outbound",
        "domain/src/testing",
        "store/src/network.rs",
        "store/src/migration",
        "store/src/migration.rs",
        "store/src/project.rs",
        "store/src/table.rs",
        "cmd/src/config/value.rs",
        "cmd/benches/budgets/engine.rs",
        "xtask",
    ];
    let words = ["subnet", "alias", "container_name", "network_name", "ipv4addr"];
    // An old name of a field or a flag.
    let other = ["serde(alias", "visible_alias"];
    let found = offences(|path, line| {
        let line = line.to_lowercase();
        !its.iter().any(|place| path.starts_with(place))
            && !other.iter().any(|other| line.contains(other))
            && words.iter().any(|word| line.contains(word))
    });

    expect_none(&found, "what is above the port speaks of replicas that serve");
}
