//! What goes over the wire is declared once, in `domain`: whoever writes it and whoever reads it mean
//! the same.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A type that serde reads or writes.
struct Shape {
    place: String,
    name: String,
    is_struct: bool,
    /// The names of its fields, or of its variants.
    parts: BTreeSet<String>,
    is_written: bool,
}

impl Shape {
    /// Two are one shape when they are made of the same, or are structs of one name. A single field is
    /// no shape that one would know again.
    fn is_like(&self, other: &Self) -> bool {
        let is_same = self.parts.len() > 1 && self.parts == other.parts;
        self.is_struct == other.is_struct && (is_same || self.is_struct && self.name == other.name)
    }
}

/// What a crate declares, and where it writes JSON by hand.
#[derive(Default)]
struct Found {
    shapes: Vec<Shape>,
    by_hand: Vec<String>,
}

impl Found {
    /// Looks through the code of a crate, tests aside.
    fn within(folder: &str) -> Self {
        // As cargo says it now: a shared target directory may hold this test as another clone built it.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&manifest).parent().expect("xtask lies below the root").to_owned();
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        assert!(!files.is_empty(), "{folder} is where it was");

        let mut found = Self::default();
        for file in files {
            let text = fs::read_to_string(&file).expect("Rust is text");
            let tokens: TokenStream = text.parse().expect("the compiler has read it too");
            let place = file.strip_prefix(&root).expect("it is below").display().to_string();
            found.look(&place, tokens);
        }
        found
    }

    fn look(&mut self, place: &str, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut attributes = String::new();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at..] {
                [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
                    if hash.as_char() == '#' =>
                {
                    let attribute = attribute.stream().to_string().replace(' ', "");
                    if attribute.starts_with("derive(") || attribute.starts_with("cfg(") {
                        attributes.push_str(&attribute);
                    }
                    at += 1;
                }
                _ if attributes.contains("cfg(test)") => {
                    while at < tokens.len() && !ends_item(&tokens[at]) {
                        at += 1;
                    }
                    attributes.clear();
                }
                [TokenTree::Ident(kind), TokenTree::Ident(name), ..]
                    if kind == "struct" || kind == "enum" =>
                {
                    let is_written = attributes.contains("Serialize");
                    if is_written || attributes.contains("Deserialize") {
                        let body = tokens[at..].iter().find(|token| ends_item(token));
                        let is_struct = kind == "struct";
                        let parts = match body {
                            Some(TokenTree::Group(body)) if is_struct => fields(body.stream()),
                            Some(TokenTree::Group(body)) => variants(body.stream()),
                            _ => BTreeSet::new(),
                        };
                        let (place, name) = (place.to_owned(), name.to_string());
                        self.shapes.push(Shape { place, name, is_struct, parts, is_written });
                    }
                    attributes.clear();
                }
                [TokenTree::Ident(name), TokenTree::Punct(mark), ..]
                    if name == "json" && mark.as_char() == '!' =>
                {
                    self.by_hand.push(place.to_owned());
                }
                [token, ..] => {
                    if ends_item(token) {
                        attributes.clear();
                    }
                    if let TokenTree::Group(inner) = token {
                        self.look(place, inner.stream());
                    }
                }
                [] => (),
            }
            at += 1;
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension() == Some("rs".as_ref()) && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// Whether an item is over with this: its body, or a semicolon.
fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

/// The names before a single colon: paths in types have two.
fn fields(body: TokenStream) -> BTreeSet<String> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let name = |pair: &[TokenTree]| match pair {
        [TokenTree::Ident(name), TokenTree::Punct(colon)]
            if colon.as_char() == ':' && colon.spacing() == Spacing::Alone =>
        {
            Some(name.to_string())
        }
        _ => None,
    };
    tokens.windows(2).filter_map(name).collect()
}

/// The first word between two commas, attributes aside.
fn variants(body: TokenStream) -> BTreeSet<String> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let name = |part: &[TokenTree]| {
        part.iter().find_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        })
    };
    tokens.split(is_comma).filter_map(name).collect()
}

#[test]
fn no_two_crates_declare_the_same_shape() {
    let domain = Found::within("domain/src");
    let crates = ["http/src", "frontend/src", "cmd/src"].map(Found::within);

    let mut twice = Vec::new();
    for (index, one) in crates.iter().enumerate() {
        let others = std::iter::once(&domain).chain(&crates[index + 1..]);
        for other in others.flat_map(|other| &other.shapes) {
            for own in one.shapes.iter().filter(|own| own.is_like(other)) {
                twice.push(format!(
                    "{}: {} is {}: {}",
                    own.place, own.name, other.place, other.name
                ));
            }
        }
    }

    assert!(domain.shapes.len() > 100, "they are found: {}", domain.shapes.len());
    assert!(twice.is_empty(), "a shape is declared once, in `domain`:\n{}", twice.join("\n"));
}

#[test]
fn handlers_answer_with_types_of_the_domain() {
    let http = Found::within("http/src");

    // What a handler only reads are parts of the path and the query.
    let own: Vec<String> = (http.shapes.iter())
        .filter(|shape| shape.is_written)
        .map(|shape| format!("{}: {}", shape.place, shape.name))
        .collect();

    assert!(own.is_empty(), "whoever reads it must know it too:\n{}", own.join("\n"));
}

#[test]
fn requests_are_not_written_by_hand() {
    let by_hand: Vec<String> = ["frontend/src", "cmd/src/client"]
        .into_iter()
        .flat_map(|folder| Found::within(folder).by_hand)
        .collect();

    assert!(by_hand.is_empty(), "a body is a type of `domain::api`:\n{}", by_hand.join("\n"));
}
