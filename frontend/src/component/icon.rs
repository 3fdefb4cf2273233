//! Lines from one set (Lucide), as Rust data, and symbols from a file of their own.

use yew::prelude::{AttrValue, Html, Properties, component};

pub use icondata_core::Icon as IconData;

#[derive(Properties, PartialEq)]
pub struct IconProps {
    pub icon: IconData,
    #[prop_or(16)]
    pub size: u16,
    /// Read out; without it the icon is decoration.
    #[prop_or_default]
    pub label: Option<AttrValue>,
}

#[component]
pub fn Icon(props: &IconProps) -> Html {
    svg(props.icon, props.size, props.label.as_deref())
}

/// An icon that is decoration.
pub fn icon(icon: IconData, size: u16) -> Html {
    svg(icon, size, None)
}

/// A symbol of an SVG file: decoration too.
pub fn symbol(file: &str, name: &str, size: u16) -> Html {
    let (svg, file, name) = (opened(size, "0 0 24 24"), escaped(file), escaped(name));
    let svg = format!(
        r##"{svg} fill="currentColor" aria-hidden="true"><use href="{file}#{name}"/></svg>"##
    );
    Html::from_html_unchecked(svg.into())
}

fn opened(size: u16, view_box: &str) -> String {
    format!(
        r#"<svg class="icon" xmlns="http://www.w3.org/2000/svg" focusable="false" width="{size}" height="{size}" viewBox="{view_box}""#
    )
}

fn svg(icon: IconData, size: u16, label: Option<&str>) -> Html {
    let mut svg = opened(size, icon.view_box.unwrap_or("0 0 24 24"));
    let attributes = [
        ("fill", Some(icon.fill.unwrap_or("currentColor"))),
        ("stroke", icon.stroke),
        ("stroke-width", icon.stroke_width),
        ("stroke-linecap", icon.stroke_linecap),
        ("stroke-linejoin", icon.stroke_linejoin),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            svg.push_str(&format!(r#" {name}="{value}""#));
        }
    }
    match label {
        // A label may hold anything; the markup may not.
        Some(label) => {
            svg.push_str(&format!(r#" role="img" aria-label="{}">"#, escaped(label)));
        }
        None => svg.push_str(" aria-hidden=\"true\">"),
    }
    svg.push_str(icon.data);
    svg.push_str("</svg>");
    Html::from_html_unchecked(svg.into())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
