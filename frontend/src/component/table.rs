//! Rows and columns, with a head that stays and columns that sort.

use icondata_lu::{LuChevronDown, LuChevronUp};
use yew::prelude::{AttrValue, Callback, Html, Properties, classes, component, html};

use super::Icon;

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub id: AttrValue,
    pub label: AttrValue,
    pub is_sortable: bool,
    pub is_number: bool,
    /// The head is read out only: for a column of buttons.
    pub is_silent: bool,
}

impl Column {
    pub fn new(id: impl Into<AttrValue>, label: impl Into<AttrValue>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            is_sortable: false,
            is_number: false,
            is_silent: false,
        }
    }

    #[must_use]
    pub fn sortable(self) -> Self {
        Self { is_sortable: true, ..self }
    }

    #[must_use]
    pub fn number(self) -> Self {
        Self { is_number: true, ..self }
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
    /// The column that is sorted by, and whether upward.
    #[prop_or_default]
    pub sorted: Option<(AttrValue, bool)>,
    #[prop_or_default]
    pub on_sort: Callback<AttrValue>,
    /// `<tr>` elements.
    pub children: Html,
}

#[component]
pub fn Table(props: &TableProps) -> Html {
    html! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{ &props.caption }</caption>
                <thead><tr>{ for props.columns.iter().map(|column| head(column, props)) }</tr></thead>
                <tbody>{ props.children.clone() }</tbody>
            </table>
        </div>
    }
}

fn head(column: &Column, props: &TableProps) -> Html {
    let order =
        props.sorted.as_ref().filter(|(id, _)| *id == column.id).map(|(_, is_upward)| *is_upward);
    let name = match order {
        Some(true) => Some("ascending"),
        Some(false) => Some("descending"),
        None => column.is_sortable.then_some("none"),
    };
    let onclick = props.on_sort.reform({
        let id = column.id.clone();
        move |_| id.clone()
    });
    html! {
        <th key={column.id.to_string()} scope="col" aria-sort={name}
            class={classes!(column.is_number.then_some("is-number"))}>
            if column.is_sortable {
                <button type="button" class="table-sort" {onclick}>
                    { &column.label }
                    if let Some(is_upward) = order {
                        <Icon icon={if is_upward { LuChevronUp } else { LuChevronDown }} size={14} />
                    }
                </button>
            } else if column.is_silent {
                <span class="sr-only">{ &column.label }</span>
            } else {
                { &column.label }
            }
        </th>
    }
}
