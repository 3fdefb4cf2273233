//! Rows and columns, with a head that stays.

use yew::prelude::{AttrValue, Html, Properties, component, html};

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub id: AttrValue,
    pub label: AttrValue,
    /// The head is read out only: for a column of buttons.
    pub is_silent: bool,
}

impl Column {
    pub fn new(id: impl Into<AttrValue>, label: impl Into<AttrValue>) -> Self {
        Self { id: id.into(), label: label.into(), is_silent: false }
    }

    #[must_use]
    pub fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }
}

#[derive(Properties, PartialEq)]
pub struct TableProps {
    pub caption: AttrValue,
    pub columns: Vec<Column>,
    /// `<tr>` elements.
    pub children: Html,
}

#[component]
pub fn Table(props: &TableProps) -> Html {
    html! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{ &props.caption }</caption>
                <thead><tr>{ for props.columns.iter().map(head) }</tr></thead>
                <tbody>{ props.children.clone() }</tbody>
            </table>
        </div>
    }
}

fn head(column: &Column) -> Html {
    html! {
        <th key={column.id.to_string()} scope="col">
            if column.is_silent {
                <span class="sr-only">{ &column.label }</span>
            } else {
                { &column.label }
            }
        </th>
    }
}
