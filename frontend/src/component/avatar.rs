//! People.

use yew::prelude::{AttrValue, Html, Properties, component, html};

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub id: AttrValue,
    pub name: AttrValue,
}

impl Person {
    pub fn new(id: impl Into<AttrValue>, name: impl Into<AttrValue>) -> Self {
        Self { id: id.into(), name: name.into() }
    }

    /// One of eight pigments, always the same for one person.
    #[must_use]
    pub fn colour(&self) -> u8 {
        let hash = self
            .id
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        (hash % 8) as u8
    }

    /// As they are written; the stylesheet makes capitals of them.
    fn initials(&self) -> String {
        let mut words = self.name.split_whitespace().filter_map(|word| word.chars().next());
        let first = words.next().into_iter();
        first.chain(words.next_back()).collect()
    }
}

#[derive(Properties, PartialEq)]
pub struct AvatarProps {
    pub person: Person,
}

#[component]
pub fn Avatar(props: &AvatarProps) -> Html {
    let person = &props.person;
    html! {
        <span class="avatar" role="img" aria-label={&person.name} title={&person.name}
            data-colour={person.colour().to_string()}>
            <span aria-hidden="true">{ person.initials() }</span>
        </span>
    }
}

#[derive(Properties, PartialEq)]
pub struct AvatarStackProps {
    pub people: Vec<Person>,
    #[prop_or(3)]
    pub most: usize,
}

/// The first few, and how many more.
#[component]
pub fn AvatarStack(props: &AvatarStackProps) -> Html {
    let more = props.people.get(props.most..).unwrap_or_default();
    let names: Vec<&str> = more.iter().map(|person| person.name.as_str()).collect();
    html! {
        <span class="avatars">
            { for props.people.iter().take(props.most).map(|person| html! {
                <Avatar key={person.id.to_string()} person={person.clone()} />
            }) }
            if !more.is_empty() {
                <span class="avatar avatar--more" title={names.join(", ")}>
                    { format!("+{}", more.len()) }
                </span>
            }
        </span>
    }
}
