//! The variables of one scope: which there are, what is staged for them, and editing them.

mod dialog;
mod line;
mod provided;
mod reference;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use self::{
    reference::{Remark, remarks, suggestions},
    row::{Origin, Row, Scope, VariableChange, rows},
    table::{VariableTable, VariableTableProps},
    text::{LineEnds, Text},
};
