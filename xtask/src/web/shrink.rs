//! What wasm-bindgen makes, told in fewer bytes: the module's functions in an order that compresses well,
//! short numbers for types, short names for what the script hands to it, and no blanks in the script.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, ImportSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionSectionReader, ImportSectionReader, Parser,
    Payload, TypeRef,
};

use super::{order, type_id};

/// The module and the script, smaller.
pub(super) fn shrink(module: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let module = &type_id::number(module)?;
    let mut shrinker = Shrinker::of(module)?;
    let script = shrinker.rename(&without_blanks(script));
    let mut out = Module::new();
    shrinker
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| anyhow!("could not write the module anew: {error}"))?;
    Ok((out.finish(), script))
}

struct Shrinker {
    imported: u32,
    /// Which function comes first, second, …; without those that are imported.
    order: Vec<u32>,
    /// Where each function comes; without those that are imported.
    place: Vec<u32>,
    /// Of what is imported.
    names: BTreeMap<String, String>,
}

impl Shrinker {
    fn of(module: &[u8]) -> Result<Self> {
        let mut imported = 0;
        let mut names = BTreeMap::new();
        let mut bodies = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let is_function =
                            matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                        imported += u32::from(is_function);
                        if is_hashed(import.name) {
                            let short = format!("_{:x}", names.len());
                            names.entry(import.name.to_owned()).or_insert(short);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
                _ => {}
            }
        }
        let order = order::by_likeness(&bodies);
        let mut place = vec![0; order.len()];
        for (at, function) in (0..).zip(&order) {
            *place.get_mut(*function as usize).context("every function has a place")? = at;
        }
        Ok(Self { imported, order, place, names })
    }

    /// The script with the short names.
    fn rename(&self, script: &str) -> String {
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '$';
        let mut out = String::with_capacity(script.len());
        let mut rest = script;
        while let Some(start) = rest.find(is_word) {
            let (before, word) = rest.split_at(start);
            let end = word.find(|it| !is_word(it)).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            out.push_str(before);
            out.push_str(self.names.get(word).map_or(word, String::as_str));
            rest = after;
        }
        out + rest
    }
}

/// Whether a name ends in a hash, as wasm-bindgen's do: others may mean something.
fn is_hashed(name: &str) -> bool {
    let hash = name.rsplit('_').next().unwrap_or_default().trim_start_matches('h');
    name.starts_with("__wb") && hash.len() == 16 && hash.bytes().all(|it| it.is_ascii_hexdigit())
}

/// A script or a stylesheet without comments on lines of their own, and without indentation.
pub(super) fn without_blanks(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut is_comment = false;
    for line in script.lines().map(str::trim) {
        is_comment |= line.starts_with("/*");
        if !is_comment && !line.is_empty() && !line.starts_with("//") {
            out.push_str(line);
            out.push('\n');
        }
        is_comment &= !line.ends_with("*/");
    }
    out
}

type Outcome<T> = Result<T, reencode::Error>;

impl Reencode for Shrinker {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Outcome<u32> {
        let own = function.checked_sub(self.imported).and_then(|own| self.place.get(own as usize));
        Ok(own.map_or(function, |place| self.imported + place))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Outcome<()> {
        for import in section.into_imports() {
            let import = import?;
            let kind = self.entity_type(import.ty)?;
            let name = self.names.get(import.name).map_or(import.name, String::as_str);
            imports.import(import.module, name, kind);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Outcome<()> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in &self.order {
            functions.function(types[*function as usize]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Outcome<()> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for function in self.order.clone() {
            self.parse_function_body(code, bodies[function as usize].clone())?;
        }
        Ok(())
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> Outcome<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{EntityType, ExportKind, ExportSection, Function, Instruction, TypeSection};

    use wasmparser::Operator;

    use super::*;

    /// Imports function 0. Function 1 is exported, knows its number, and calls 0 and 3; 2 is unlike the
    /// others; 3 calls 2.
    fn module() -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut imports = ImportSection::new();
        imports.import("./easel.js", "__wbg_log_0123456789abcdef", EntityType::Function(0));
        module.section(&imports);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0).function(0);
        module.section(&functions);
        let mut exports = ExportSection::new();
        exports.export("main", ExportKind::Func, 1);
        module.section(&exports);
        let mut code = CodeSection::new();
        let alike = [Instruction::I64Const(0x1234_5678_9abc_def0), Instruction::Drop];
        for (number, filling, calls) in
            [(1, &alike[..], vec![0, 3]), (2, &[][..], vec![]), (3, &alike[..], vec![2])]
        {
            let mut function = Function::new([]);
            function.instructions().i32_const(number).drop();
            for instruction in filling {
                function.instruction(instruction);
            }
            for call in calls {
                function.instructions().call(call);
            }
            function.instructions().end();
            code.function(&function);
        }
        module.section(&code);
        module.finish()
    }

    #[test]
    fn a_function_keeps_its_callers_and_its_body_wherever_it_goes() {
        let (shrunk, _) = shrink(&module(), "").unwrap();

        let (mut exported, mut found) = (None, vec![(0, Vec::new())]);
        for payload in Parser::new(0).parse_all(&shrunk) {
            match payload.unwrap() {
                Payload::ExportSection(exports) => {
                    exported = exports.into_iter().next().map(|export| export.unwrap().index);
                }
                Payload::CodeSectionEntry(body) => {
                    let (mut number, mut calls) = (0, Vec::new());
                    for operator in body.get_operators_reader().unwrap() {
                        match operator.unwrap() {
                            Operator::I32Const { value } => number = value,
                            Operator::Call { function_index } => calls.push(function_index),
                            _ => (),
                        }
                    }
                    found.push((number, calls));
                }
                _ => {}
            }
        }
        // What is alike has come together, and everybody is called by the new place.
        assert_eq!(found, [(0, vec![]), (1, vec![0, 2]), (3, vec![3]), (2, vec![])]);
        assert_eq!(exported, Some(1));
    }

    #[test]
    fn the_script_and_the_module_agree_on_names() {
        let script = "const it = {\n    // says it\n    __wbg_log_0123456789abcdef: say,\n};\n";

        let (shrunk, script) = shrink(&module(), script).unwrap();

        assert_eq!(script, "const it = {\n_0: say,\n};\n");
        let imports =
            Parser::new(0).parse_all(&shrunk).find_map(|payload| match payload.unwrap() {
                Payload::ImportSection(imports) => Some(imports),
                _ => None,
            });
        let import = imports.unwrap().into_imports().next().unwrap().unwrap();
        assert_eq!((import.module, import.name), ("./easel.js", "_0"));
    }
}
