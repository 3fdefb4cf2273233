//! No file imports one that imports it back, directly or by way of others: what stands in a circle can
//! only be read, changed and moved together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use toml::Table;

/// The names that lead to a module or to something in one, from the crate's root or from a module.
type Names = Vec<String>;

/// Which file takes which names from which other.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// A module, by what it says itself.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// What it calls what it imports, and where that is.
    imports: BTreeMap<String, Names>,
    /// All the paths in it, those of its imports among them.
    paths: BTreeSet<Names>,
}

/// The modules of a crate that are compiled when nothing is tested.
#[derive(Default)]
struct Modules(BTreeMap<Names, Module>);

impl Modules {
    /// Reads a module's file, and those of the modules that it declares.
    fn read(&mut self, at: &Names, file: &str, text: &dyn Fn(&str) -> Option<String>) {
        let Some(source) = text(file) else { return };
        let tokens: TokenStream = source.parse().expect("the compiler has read it too");
        self.scan(at, file, tokens);

        let folder = at.iter().fold("src".to_owned(), |folder, name| format!("{folder}/{name}"));
        for child in self.0[at].children.clone() {
            let below = within(at, &child);
            // A module that is written where it is declared has been read.
            if !self.0.contains_key(&below) {
                self.read(&below, &format!("{folder}/{child}.rs"), text);
            }
        }
    }

    fn scan(&mut self, at: &Names, file: &str, tokens: TokenStream) {
        let module = self.0.entry(at.clone()).or_default();
        file.clone_into(&mut module.file);
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut here = 0;
        while here < tokens.len() {
            let rest = &tokens[here..];
            let before = &tokens[here.saturating_sub(2)..here];
            let follows_path = before.len() == 2 && before.iter().all(|it| is_sign(it, ':'));
            let module = self.0.entry(at.clone()).or_default();
            here += match rest {
                [hash, TokenTree::Group(attribute), ..]
                    if is_sign(hash, '#')
                        && attribute.stream().to_string().replace(' ', "") == "cfg(test)" =>
                {
                    item(rest)
                }
                [word, next, ..] if is_word(word, "use") && !is_sign(next, '<') => {
                    let end = rest.iter().position(|token| is_sign(token, ';'));
                    let end = end.unwrap_or(rest.len());
                    for (name, path) in imports(&rest[1..end], &[]) {
                        module.paths.insert(path.clone());
                        module.imports.insert(name, path);
                    }
                    end
                }
                [word, TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if is_word(word, "mod") && body.delimiter() == Delimiter::Brace =>
                {
                    module.children.insert(name.to_string());
                    self.scan(&within(at, &name.to_string()), file, body.stream());
                    3
                }
                [word, TokenTree::Ident(name), sign, ..]
                    if is_word(word, "mod") && is_sign(sign, ';') =>
                {
                    module.children.insert(name.to_string());
                    3
                }
                [TokenTree::Ident(_), ..] if !follows_path => {
                    let (path, length) = path(rest);
                    if path.len() > 1 {
                        module.paths.insert(path);
                    }
                    length
                }
                [TokenTree::Group(group), ..] => {
                    self.scan(at, file, group.stream());
                    1
                }
                _ => 1,
            };
        }
    }

    /// The module in which something is defined that a module names so, and what it is called there.
    ///
    /// `None` for a module itself, and for what comes from elsewhere.
    fn find(&self, from: &Names, path: &[String], depth: u32) -> Option<(Names, String)> {
        let mut at = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Vec::new(), &path[1..]),
            "self" | "super" => {
                while let [first, after @ ..] = rest
                    && (first == "self" || first == "super")
                {
                    if first == "super" {
                        at.pop();
                    }
                    rest = after;
                }
            }
            first => {
                let module = &self.0[from];
                if !module.children.contains(first) && !module.imports.contains_key(first) {
                    return None;
                }
            }
        }
        while let [first, after @ ..] = rest {
            let module = self.0.get(&at)?;
            let below = within(&at, first);
            let leads_on = self.0.contains_key(&below) && module.children.contains(first);
            if leads_on && !(after.is_empty() && module.imports.contains_key(first)) {
                (at, rest) = (below, after);
                continue;
            }
            let Some(import) = module.imports.get(first) else { return Some((at, first.clone())) };
            // Two modules may hand each other on what a third one defines, but not for ever.
            let depth = depth.checked_sub(1)?;
            let path: Names = import.iter().chain(after).cloned().collect();
            return self.find(&at, &path, depth);
        }
        None
    }

    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (at, module) in &self.0 {
            for path in &module.paths {
                let Some((there, name)) = self.find(at, path, 32) else { continue };
                let target = &self.0[&there].file;
                if *target != module.file {
                    let files = (module.file.clone(), target.clone());
                    arrows.entry(files).or_default().insert(name);
                }
            }
        }
        arrows
    }
}

fn within(at: &Names, name: &str) -> Names {
    at.iter().cloned().chain([name.to_owned()]).collect()
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// How many tokens an item has.
fn item(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_sign(token, ';'),
    };
    tokens.iter().position(ends).map_or(tokens.len(), |last| last + 1)
}

/// The path that these begin with, and how many tokens it has.
fn path(tokens: &[TokenTree]) -> (Names, usize) {
    let mut names = vec![tokens[0].to_string()];
    let mut length = 1;
    while let [first, second, TokenTree::Ident(name), ..] = &tokens[length..]
        && is_sign(first, ':')
        && is_sign(second, ':')
    {
        names.push(name.to_string());
        length += 3;
    }
    (names, length)
}

/// What an import brings, by the name that it has from then on.
fn imports(tokens: &[TokenTree], outer: &[String]) -> Vec<(String, Names)> {
    let mut found = Vec::new();
    for part in tokens.split(|token| is_sign(token, ',')) {
        let mut path = outer.to_vec();
        let mut alias = None;
        for (index, token) in part.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    found.extend(imports(&inner, &path));
                    path.clear();
                }
                TokenTree::Ident(word) if word == "as" => {
                    alias = part.get(index + 1).map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => (),
                TokenTree::Ident(word) => path.push(word.to_string()),
                token if is_sign(token, '*') => path.push("*".to_owned()),
                _ => (),
            }
        }
        if let Some(last) = path.last() {
            found.push((alias.unwrap_or_else(|| last.clone()), path));
        }
    }
    found
}

/// Files that import each other, and by which names: a paragraph for each circle.
fn circles(arrows: &Arrows) -> Vec<String> {
    let graph: DiGraphMap<&str, ()> =
        arrows.keys().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let circles = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    circles
        .map(|files| {
            let mut text = format!("{} files import each other:", files.len());
            let inside = |file: &String| files.contains(&file.as_str());
            for ((from, to), names) in arrows.iter().filter(|((a, b), _)| inside(a) && inside(b)) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let _ = write!(text, "\n  {from} -> {to}: {}", names.join(", "));
            }
            text
        })
        .collect()
}

fn root() -> PathBuf {
    // As cargo says it now: a shared target directory may hold this test as another clone built it.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&manifest).parent().expect("xtask lies below the root").to_owned()
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has one");
    let manifest: Table = manifest.parse().expect("cargo has read it too");
    let members = manifest["workspace"]["members"].as_array().expect("members are a list");

    let mut found = Vec::new();
    for member in members {
        let folder = member.as_str().expect("a member is a path");
        let text = |file: &str| fs::read_to_string(root().join(folder).join(file)).ok();
        let mut modules = Modules::default();
        let is_library = root().join(folder).join("src/lib.rs").exists();
        let first = if is_library { "src/lib.rs" } else { "src/main.rs" };
        modules.read(&Vec::new(), first, &text);
        assert!(!modules.0.is_empty(), "{folder} has a first file");
        found.extend(circles(&modules.arrows()).into_iter().map(|it| format!("{folder}: {it}")));
    }

    assert!(found.is_empty(), "put what both need where neither is:\n{}", found.join("\n"));
}

/// The circles of a crate that consists of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let text = |file: &str| {
        files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned())
    };
    let mut modules = Modules::default();
    modules.read(&Vec::new(), "src/lib.rs", &text);
    circles(&modules.arrows())
}

#[test]
fn a_circle_is_told_with_the_names_that_tie_it() {
    let found = circles_of(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::{b::{B, Other as O}, c}; pub struct A(c::C);"),
        ("src/b.rs", "pub fn b() { super::a::A::new() }"),
        ("src/c.rs", "pub struct C;"),
    ]);

    let told = "2 files import each other:\n  src/a.rs -> src/b.rs: B, Other\n  \
                src/b.rs -> src/a.rs: A";
    assert_eq!(found, [told]);
}

#[test]
fn a_name_that_is_handed_on_ties_to_the_file_that_defines_it() {
    let handed_on = circles_of(&[
        ("src/lib.rs", "mod a; mod b; pub use a::A; pub use b::inner::B;"),
        ("src/a.rs", "use crate::B; pub struct A;"),
        ("src/b.rs", "pub mod inner; pub fn b(_: crate::A) {}"),
        ("src/b/inner.rs", "pub struct B;"),
    ]);
    let through_the_root = circles_of(&[
        ("src/lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("src/a.rs", "use crate::B; pub struct A;"),
        ("src/b.rs", "use crate::A; pub struct B;"),
    ]);

    assert!(handed_on.is_empty(), "{handed_on:?}");
    assert_eq!(through_the_root.len(), 1);
}

#[test]
fn a_module_and_those_in_it_can_stand_in_a_circle_too() {
    let found = circles_of(&[
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "mod b; pub struct A { part: b::Part }"),
        ("src/a/b.rs", "pub struct Part; pub fn part() { vec![super::A] }"),
    ]);

    assert_eq!(found.len(), 1);
}

#[test]
fn tests_may_use_whatever_they_test() {
    let found = circles_of(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("src/b.rs", "use crate::a::A; pub struct B; #[cfg(test)] mod tests;"),
        ("src/b/tests.rs", "use super::B;"),
    ]);

    assert!(found.is_empty(), "{found:?}");
}
