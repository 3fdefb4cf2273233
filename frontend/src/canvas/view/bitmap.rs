//! The overview's bitmap: slabs with names.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, Window};

use crate::canvas::{
    buffer::Buffer,
    engine::Engine,
    geometry::Area,
    overview::Bitmap,
    scene::{Layer, Tone},
};

/// A slab narrower than this, in pixels, has no name.
const NAMED: f64 = 34.0;
/// About the width of a letter, as a part of the font's size.
const LETTER: f64 = 0.56;

#[derive(Debug)]
pub(super) struct Painter {
    window: Window,
    element: HtmlCanvasElement,
    context: Option<CanvasRenderingContext2d>,
}

impl Painter {
    pub(super) fn new(window: Window, element: HtmlCanvasElement) -> Self {
        let context = element.get_context("2d").ok().flatten().and_then(|it| it.dyn_into().ok());
        Self { window, element, context }
    }

    pub(super) fn show(&self, is_shown: bool) {
        self.element.set_hidden(!is_shown);
    }

    /// Puts the bitmap where the camera wants it.
    pub(super) fn place(&self, engine: &Engine, buffer: &mut Buffer) {
        let Some(bitmap) = engine.overview().bitmap() else { return };
        let camera = engine.camera();
        let corner = camera.to_screen(bitmap.area.corner());
        buffer.clear().text("translate(").whole(corner.x).text("px,").whole(corner.y);
        buffer.text("px) scale(").fine(camera.zoom / bitmap.zoom).text(")");
        let _ = self.element.style().set_property("transform", buffer.as_str());
    }

    pub(super) fn draw(&self, engine: &Engine, bitmap: Bitmap, probe: &HtmlElement) {
        let Some(context) = &self.context else { return };
        let density = self.window.device_pixel_ratio().clamp(1.0, 2.0);
        let (width, height) = (bitmap.area.width * bitmap.zoom, bitmap.area.height * bitmap.zoom);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "one and a half windows wide"
        )]
        {
            self.element.set_width((width * density) as u32);
            self.element.set_height((height * density) as u32);
        }
        let style = self.element.style();
        let _ = style.set_property("width", &format!("{width:.0}px"));
        let _ = style.set_property("height", &format!("{height:.0}px"));

        let scale = bitmap.zoom * density;
        let _ = context.set_transform(
            scale,
            0.0,
            0.0,
            scale,
            -bitmap.area.x * scale,
            -bitmap.area.y * scale,
        );
        let colours = Colours::read(&self.window, probe);
        self.draw_edges(context, engine, bitmap, &colours);
        self.draw_slabs(context, engine, bitmap, &colours);
    }

    fn draw_edges(
        &self,
        context: &CanvasRenderingContext2d,
        engine: &Engine,
        bitmap: Bitmap,
        colours: &Colours,
    ) {
        context.set_stroke_style_str(&colours.edge);
        context.set_line_width(1.0 / bitmap.zoom);
        context.begin_path();
        for line in engine.scene_store().edges() {
            if line.curve.bounds().meets(&bitmap.area) {
                context.move_to(line.curve.start.x, line.curve.start.y);
                context.line_to(line.curve.end.x, line.curve.end.y);
            }
        }
        context.stroke();
    }

    fn draw_slabs(
        &self,
        context: &CanvasRenderingContext2d,
        engine: &Engine,
        bitmap: Bitmap,
        colours: &Colours,
    ) {
        let scene_store = engine.scene_store();
        let dragged = engine.gesture().dragged();
        let pixel = 1.0 / bitmap.zoom;
        let font = (11.0 * pixel).max(24.0);
        context.set_font(&format!("550 {font:.2}px system-ui, sans-serif"));
        context.set_text_baseline("middle");
        for layer in [Layer::Background, Layer::Card] {
            for card in scene_store.within(bitmap.area) {
                let id = scene_store.id(card);
                if scene_store.layer(card) != layer || dragged.contains(&id) {
                    continue;
                }
                let Area { x, y, width, height } = scene_store.area(card);
                let tone = scene_store.tone(card);
                let ground =
                    if layer == Layer::Background { &colours.ground } else { &colours.calm };
                context.set_fill_style_str(ground);
                context.fill_rect(x, y, width, height);
                if layer == Layer::Card {
                    context.set_fill_style_str(colours.of(tone));
                    context.set_global_alpha(strength(tone));
                    context.fill_rect(x, y, width, height);
                    context.set_global_alpha(1.0);
                    context.fill_rect(x, y, width.min(4.0 * pixel), height);
                }
                if engine.selection().contains(&id) {
                    context.set_stroke_style_str(&colours.accent);
                    context.set_line_width(2.0 * pixel);
                    context.stroke_rect(x, y, width, height);
                }
                if width * bitmap.zoom > NAMED && layer == Layer::Card {
                    let room = (width - 14.0 * pixel) / (font * LETTER);
                    context.set_fill_style_str(&colours.ink);
                    let name: String =
                        scene_store.label(card).chars().take(letters(room)).collect();
                    let _ = context.fill_text(&name, x + 10.0 * pixel, y + height / 2.0);
                }
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful of letters")]
fn letters(room: f64) -> usize {
    room.clamp(0.0, 64.0) as usize
}

/// How strongly a slab shows its pigment: one sees from afar where it burns.
fn strength(tone: Tone) -> f64 {
    match tone {
        Tone::Calm => 0.0,
        Tone::Live => 0.16,
        Tone::Progress | Tone::Staged => 0.32,
        Tone::Failed => 0.75,
    }
}

/// The tokens' values, as the theme has them now.
#[derive(Debug, Default)]
struct Colours {
    edge: String,
    ink: String,
    ground: String,
    calm: String,
    accent: String,
    tones: [String; 5],
}

impl Colours {
    /// Asks the browser what each token comes to.
    fn read(window: &Window, probe: &HtmlElement) -> Self {
        let Ok(Some(computed)) = window.get_computed_style(probe) else { return Self::default() };
        let read = |token: &str| {
            let _ = probe.style().set_property("color", &format!("var(--{token})"));
            computed.get_property_value("color").unwrap_or_default()
        };
        Self {
            edge: read("line"),
            ink: read("ink"),
            ground: read("hover"),
            calm: read("surface"),
            accent: read("accent"),
            tones: ["faint", "live", "info", "staged", "fail"].map(read),
        }
    }

    fn of(&self, tone: Tone) -> &str {
        match tone {
            Tone::Calm => &self.tones[0],
            Tone::Live => &self.tones[1],
            Tone::Progress => &self.tones[2],
            Tone::Staged => &self.tones[3],
            Tone::Failed => &self.tones[4],
        }
    }
}
