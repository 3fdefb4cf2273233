//! Lines from one set (Lucide) and brand marks from another (Simple Icons), as Rust data.

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
    let IconProps { icon, size, label } = props;
    let mut svg = format!(
        "<svg class=\"icon\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"{}\" focusable=\"false\"",
        icon.view_box.unwrap_or("0 0 24 24"),
    );
    let attributes = [
        ("fill", Some(icon.fill.unwrap_or("currentColor"))),
        ("stroke", icon.stroke),
        ("stroke-width", icon.stroke_width),
        ("stroke-linecap", icon.stroke_linecap),
        ("stroke-linejoin", icon.stroke_linejoin),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            svg.push_str(&format!(" {name}=\"{value}\""));
        }
    }
    match label {
        // A label may hold anything; the markup may not.
        Some(label) => svg.push_str(&format!(" role=\"img\" aria-label=\"{}\">", escaped(label))),
        None => svg.push_str(" aria-hidden=\"true\">"),
    }
    svg.push_str(icon.data);
    svg.push_str("</svg>");
    Html::from_html_unchecked(svg.into())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}
