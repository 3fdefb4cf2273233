//! Short numbers in place of type ids. An id is a hash of 128 bits, which nothing compresses, and a web app
//! has a thousand of them; within one program any numbers do that differ where the ids differ. They are only
//! ever compared for equality, which is checked here: otherwise they stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{DataSection, Instruction, Module};
use wasmparser::{
    Data, DataKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef,
};

/// The module with short numbers.
pub(super) fn number(module: &[u8]) -> Result<Vec<u8>> {
    let mut out = Module::new();
    TypeIds::of(module)?
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| anyhow!("could not number the types of the web app: {error}"))?;
    Ok(out.finish())
}

/// By half of an id, what stands in its place: equal ids stay equal, others stay different.
#[derive(Default)]
struct TypeIds(BTreeMap<i64, i64>);

impl TypeIds {
    /// Those that a module hands out in functions that are named for it. None when one is used for anything
    /// but a comparison.
    fn of(module: &[u8]) -> Result<Self> {
        let mut imported = 0;
        let mut bodies = Vec::new();
        let mut names = BTreeSet::new();
        let mut memory = Memory::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let is_function =
                            matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                        imported += u32::from(is_function);
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::DataSection(section) => {
                    for datum in section {
                        let datum = datum?;
                        memory.add(&datum)?;
                    }
                }
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(section) = section.as_known() else { continue };
                    for part in section {
                        let Name::Function(functions) = part? else { continue };
                        for naming in functions {
                            let naming = naming?;
                            if hands_out_a_type_id(naming.name) {
                                names.insert(naming.index);
                            }
                        }
                    }
                }
                _ => (),
            }
        }

        let mut addresses = BTreeSet::new();
        for (index, body) in (imported..).zip(&bodies) {
            if names.contains(&index) {
                addresses.extend(copied(body)?.into_iter().flatten());
            }
        }
        let halves: Vec<i64> = addresses.into_iter().filter_map(|it| memory.read(it)).collect();
        // Numbered in the order in which they lie in memory, so that neighbours are alike.
        let numbers: BTreeMap<i64, i64> = halves.into_iter().zip(1..).collect();
        for body in &bodies {
            if !only_compares(body, &numbers)? {
                return Ok(Self::default());
            }
        }
        Ok(Self(numbers))
    }
}

impl Reencode for TypeIds {
    type Error = std::convert::Infallible;

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Outcome<Instruction<'a>> {
        let numbered = match operator {
            Operator::I64Const { value } => {
                Operator::I64Const { value: self.0.get(&value).copied().unwrap_or(value) }
            }
            other => other,
        };
        reencode::utils::instruction(self, numbered)
    }

    fn parse_data(&mut self, section: &mut DataSection, datum: Data<'_>) -> Outcome<()> {
        let mut data = datum.data.to_owned();
        for at in 0..data.len() {
            if let Some(number) = half(&data, at).and_then(|half| self.0.get(&half)) {
                data[at..at + 8].copy_from_slice(&number.to_le_bytes());
            }
        }
        reencode::utils::parse_data(self, section, Data { data: &data, ..datum })
    }
}

type Outcome<T> = Result<T, reencode::Error>;

/// Whether a function is `<T as core::any::Any>::type_id`, however its name is written.
fn hands_out_a_type_id(name: &str) -> bool {
    (name.contains("any::Any>") && name.contains("::type_id"))
        || (name.contains("3any") && name.contains("3Any7type_id"))
}

/// The two places from which a function copies what it answers; `None` when it does anything else.
fn copied(body: &FunctionBody<'_>) -> Result<Option<[u64; 2]>> {
    use Operator::{End, I32Const, I64Load, I64Store, LocalGet};
    let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
    let [
        LocalGet { .. },
        I32Const { value: one },
        I64Load { memarg: first },
        I64Store { .. },
        LocalGet { .. },
        I32Const { value: other },
        I64Load { memarg: second },
        I64Store { .. },
        End,
    ] = operators[..]
    else {
        return Ok(None);
    };
    let address = |base: i32, offset: u64| u64::from(base.cast_unsigned()) + offset;
    Ok(Some([address(one, first.offset), address(other, second.offset)]))
}

/// Whether a function only compares the halves in it.
fn only_compares(body: &FunctionBody<'_>, numbers: &BTreeMap<i64, i64>) -> Result<bool> {
    let mut holds_one = false;
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        let compares = matches!(operator, Operator::I64Xor | Operator::I64Eq | Operator::I64Ne);
        if holds_one && !compares {
            return Ok(false);
        }
        holds_one =
            matches!(operator, Operator::I64Const { value } if numbers.contains_key(&value));
    }
    Ok(true)
}

/// What lies in memory at the start.
#[derive(Default)]
struct Memory<'a>(Vec<(u64, &'a [u8])>);

impl<'a> Memory<'a> {
    fn add(&mut self, datum: &Data<'a>) -> Result<()> {
        if let DataKind::Active { offset_expr, .. } = &datum.kind
            && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
        {
            self.0.push((u64::from(value.cast_unsigned()), datum.data));
        }
        Ok(())
    }

    fn read(&self, address: u64) -> Option<i64> {
        self.0.iter().find_map(|(start, data)| {
            half(data, usize::try_from(address.checked_sub(*start)?).ok()?)
        })
    }
}

fn half(data: &[u8], at: usize) -> Option<i64> {
    let bytes = data.get(at..at.checked_add(8)?)?;
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ConstExpr, Function, FunctionSection, MemArg, NameMap, NameSection,
        TypeSection,
    };

    use super::*;

    const ID: [i64; 2] = [0x1234_5678_9abc_def0, -0x0fed_cba9_8765_4321];

    fn with_words(halves: [i64; 2]) -> Vec<u8> {
        [halves.map(i64::to_le_bytes).concat(), b"words".to_vec()].concat()
    }

    /// Hands out an id that lies in memory; another function does something with its first half.
    fn module(id: [i64; 2], with_half: impl FnOnce(&mut Function)) -> Vec<u8> {
        let at = |offset| MemArg { offset, align: 2, memory_index: 0 };
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([wasm_encoder::ValType::I32], []);
        module.section(&types);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0);
        module.section(&functions);
        let mut code = CodeSection::new();
        let mut hands_out = Function::new([]);
        let mut then = hands_out.instructions();
        then.local_get(0).i32_const(0).i64_load(at(1_032)).i64_store(at(8));
        then.local_get(0).i32_const(0).i64_load(at(1_024)).i64_store(at(0)).end();
        code.function(&hands_out);
        let mut uses = Function::new([]);
        uses.instructions().local_get(0).i64_load(at(0)).i64_const(id[0]);
        with_half(&mut uses);
        code.function(&uses);
        module.section(&code);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(1_024), with_words(id));
        module.section(&data);
        let mut functions = NameMap::new();
        functions.append(0, "<app::App as core[70defc23acd9a8e9]::any::Any>::type_id");
        let mut names = NameSection::new();
        names.functions(&functions);
        module.section(&names);
        module.finish()
    }

    #[test]
    fn an_id_gets_the_same_short_numbers_wherever_it_stands() {
        let module = |half| {
            module(half, |it| {
                it.instructions().i64_xor().drop().end();
            })
        };

        let numbered = number(&module(ID)).unwrap();

        assert_eq!(numbered, module([1, 2]));
        assert!(numbered.len() < module(ID).len());
    }

    #[test]
    fn ids_that_serve_for_more_than_a_comparison_stay() {
        let module = module(ID, |it| {
            it.instructions().i64_add().drop().end();
        });

        assert_eq!(number(&module).unwrap(), module);
    }
}
