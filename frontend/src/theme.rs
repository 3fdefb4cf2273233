//! Light or dark: as the system has it, or as this person wants it here.

use yew::prelude::{
    Callback, ContextProvider, Html, Properties, component, hook, html, use_context,
    use_effect_with, use_state_eq,
};

use crate::view::{page, storage};

const REMEMBERED: &str = "easel.theme";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// The theme, and how to choose another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThemeChoice {
    pub theme: Theme,
    pub choose: Callback<Theme>,
}

#[hook]
pub fn use_theme() -> ThemeChoice {
    use_context::<ThemeChoice>().unwrap_or_default()
}

#[derive(Properties, PartialEq)]
pub struct ThemeProviderProps {
    pub children: Html,
}

/// Remembers the choice in this browser, and tells the stylesheet.
#[component]
pub fn ThemeProvider(props: &ThemeProviderProps) -> Html {
    let theme =
        use_state_eq(|| storage::read(REMEMBERED).as_deref().map_or(Theme::System, Theme::named));
    use_effect_with(*theme, |theme| {
        let chosen = (*theme != Theme::System).then(|| theme.name());
        page::mark("data-theme", chosen);
        storage::write(REMEMBERED, chosen);
    });
    let choice = ThemeChoice {
        theme: *theme,
        choose: yew::use_callback(theme.setter(), |theme, setter| setter.set(theme)),
    };
    html! { <ContextProvider<ThemeChoice> context={choice}>{ props.children.clone() }</ContextProvider<ThemeChoice>> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_found_again_and_nonsense_is_the_system() {
        for theme in Theme::ALL {
            assert_eq!(Theme::named(theme.name()), theme);
        }
        assert_eq!(Theme::named("sepia"), Theme::System);
    }
}
