//! The canvas: a plain Rust engine owns camera, positions, gestures and edges, and writes to the
//! document once per frame; the content of each card is a component in a portal.

mod buffer;
pub mod camera;
pub mod curve;
pub mod engine;
pub mod geometry;
pub mod gesture;
pub mod mounts;
pub mod overview;
pub mod scene;
pub mod scene_store;
mod view;

pub use self::view::MenuRequest;

use std::{fmt, rc::Rc};

use yew::prelude::{
    AttrValue, Callback, Html, NodeRef, Properties, component, create_portal, html,
    use_effect_with, use_mut_ref, use_node_ref, use_state,
};

use self::{
    geometry::Position,
    scene::{CardId, Scene},
    scene_store::Moved,
    view::{Callbacks, RendererRef, View},
};

/// Draws a card's content. Compared by pointer: keep one for as long as the canvas lives, and let
/// each card subscribe to its own state.
#[derive(Clone)]
pub struct RenderCard(Rc<dyn Fn(CardId) -> Html>);

impl RenderCard {
    pub fn new(render: impl Fn(CardId) -> Html + 'static) -> Self {
        Self(Rc::new(render))
    }
}

impl PartialEq for RenderCard {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The page's hold on a canvas: make one with `use_state` or `use_memo`, and pass it in.
#[derive(Clone, Default)]
pub struct CanvasHandle(Rc<RendererRef>);

impl PartialEq for CanvasHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for CanvasHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CanvasHandle")
    }
}

impl CanvasHandle {
    pub fn zoom_in(&self) {
        self.0.engine(engine::Engine::zoom_in);
    }

    pub fn zoom_out(&self) {
        self.0.engine(engine::Engine::zoom_out);
    }

    /// Shows everything.
    pub fn fit(&self) {
        self.0.engine(engine::Engine::fit);
    }

    /// Brings a card into the middle of the width that a panel leaves free.
    pub fn centre_on(&self, card: CardId, free_width: Option<f64>) {
        self.0.engine(|engine| engine.centre_on(card, free_width));
    }

    /// Gives a card its own pointer events, above the input layer, until called with `None`.
    pub fn edit(&self, card: Option<CardId>) {
        self.0.engine(|engine| engine.edit(card));
    }

    /// Selects these, or none.
    pub fn select(&self, cards: &[CardId]) {
        self.0.engine(|engine| {
            engine.choose(None, true);
            for card in cards {
                engine.choose(Some(*card), true);
            }
        });
    }

    /// The theme has changed.
    pub fn repaint(&self) {
        self.0.engine(engine::Engine::repaint);
    }

    /// The place of the map in the middle of the window.
    #[must_use]
    pub fn middle(&self) -> Position {
        let mut middle = Position::default();
        self.0.engine(|engine| middle = engine.camera().view(engine.size()).centre());
        middle
    }

    /// The card that has the keyboard.
    #[must_use]
    pub fn focused(&self) -> Option<CardId> {
        self.0.focused()
    }

    /// Somebody else has put cards somewhere. What is in one's own hand stays there.
    pub fn move_remotely(&self, cards: &[(CardId, Position)]) {
        self.0.engine(|engine| {
            for (card, at) in cards {
                engine.move_remotely(*card, *at);
            }
        });
    }

    /// Somebody else's cursor is here now. `colour` is one of eight.
    pub fn point(&self, key: &str, name: &str, colour: u8, at: Position) {
        self.0.point(key, name, colour, at);
    }

    /// Somebody else's cursor has gone.
    pub fn leave(&self, key: &str) {
        self.0.leave(key);
    }
}

#[derive(Properties, PartialEq)]
pub struct CanvasProps {
    pub scene: Rc<Scene>,
    pub render_card: RenderCard,
    #[prop_or_default]
    pub selected: Option<CardId>,
    #[prop_or_default]
    pub handle: CanvasHandle,
    #[prop_or(AttrValue::Static("Map of services"))]
    pub label: AttrValue,
    /// A click or the space bar has chosen a card, or the ground.
    #[prop_or_default]
    pub on_select: Callback<Option<CardId>>,
    /// All that are selected, by clicks with Shift or by a box.
    #[prop_or_default]
    pub on_selection: Callback<Vec<CardId>>,
    /// Enter, or a second click.
    #[prop_or_default]
    pub on_open: Callback<CardId>,
    /// Once, when cards have been moved or resized: to be stored.
    #[prop_or_default]
    pub on_moved: Callback<Vec<Moved>>,
    /// While they are under way, at most 30 times a second: to be shown to others.
    #[prop_or_default]
    pub on_moving: Callback<Vec<Moved>>,
    /// The own cursor, in map units, at most 30 times a second.
    #[prop_or_default]
    pub on_point: Callback<Position>,
    #[prop_or_default]
    pub on_context_menu: Callback<MenuRequest>,
}

/// The map. Fills its container; mounts only the cards near the view.
#[component]
pub fn Canvas(props: &CanvasProps) -> Html {
    let root = use_node_ref();
    let view = use_mut_ref(|| None::<View>);
    let mounts = use_state(Vec::new);

    let callbacks = Callbacks {
        on_select: props.on_select.clone(),
        on_selection: props.on_selection.clone(),
        on_open: props.on_open.clone(),
        on_moved: props.on_moved.clone(),
        on_moving: props.on_moving.clone(),
        on_point: props.on_point.clone(),
        on_menu: props.on_context_menu.clone(),
        on_mounts: Callback::from({
            let mounts = mounts.setter();
            move |list| mounts.set(list)
        }),
    };
    use_effect_with((root.clone(), props.handle.clone()), {
        let (view, callbacks) = (view.clone(), callbacks.clone());
        move |(root, handle): &(NodeRef, CanvasHandle)| {
            let made = root.cast().and_then(|root| View::new(&root, callbacks, &handle.0));
            view.replace(made);
            move || {
                view.replace(None);
            }
        }
    });
    use_effect_with(callbacks, {
        let view = view.clone();
        move |callbacks: &Callbacks| {
            if let Some(view) = &*view.borrow() {
                view.set_callbacks(callbacks.clone());
            }
        }
    });
    use_effect_with(props.scene.clone(), {
        let view = view.clone();
        move |scene: &Rc<Scene>| {
            if let Some(view) = &*view.borrow() {
                view.load(scene);
            }
        }
    });
    use_effect_with((props.selected, props.scene.clone()), {
        move |(selected, _): &(Option<CardId>, Rc<Scene>)| {
            if let Some(view) = &*view.borrow() {
                view.set_selected(*selected);
            }
        }
    });

    html! {
        <>
            // Without a key of its own the list below would push it from its place.
            <div key="canvas" ref={root} class="canvas" tabindex="-1" role="group" aria-roledescription="canvas"
                aria-label={props.label.clone()} data-mounted="0" />
            { for mounts.iter().map(|(id, element)| html! {
                <Content key={id.0.to_string()} id={*id} element={element.clone()}
                    render={props.render_card.clone()} />
            }) }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ContentProps {
    id: CardId,
    element: web_sys::Element,
    render: RenderCard,
}

/// One card's content, in the engine's element. It renders again only when the element is another.
#[component]
fn Content(props: &ContentProps) -> Html {
    create_portal((props.render.0)(props.id), props.element.clone())
}
