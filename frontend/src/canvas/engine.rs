//! The canvas without the web: events change it, frames read it.

pub mod keyboard;
mod pointer;
#[cfg(test)]
mod tests;

use super::{
    camera::{Camera, Size},
    geometry::{Area, Position},
    gesture::{Effect, Gesture},
    mounts::{Cards, Change, Mounts},
    overview::{Bitmap, Overview},
    scene::{CardId, Scene},
    scene_store::{Moved, SceneStore},
};

/// How long the camera takes to fly somewhere, in milliseconds.
const FLIGHT: f64 = 250.0;
/// Room around the cards when everything is shown.
const PADDING: f64 = 64.0;
const ZOOM_STEP: f64 = 1.25;
/// A window narrower than this begins at a zoom at which cards can be read.
const NARROW: f64 = 700.0;
const LEGIBLE: f64 = 0.75;
/// What floats at the head of a narrow map, and at the foot of any.
const ABOVE: f64 = 72.0;
const BELOW: f64 = 72.0;

/// Camera, positions, selection and gestures.
#[derive(Debug, Default)]
pub struct Engine {
    scene_store: SceneStore,
    camera: Camera,
    size: Size,
    flight: Option<Flight>,
    is_still: bool,
    selection: Vec<CardId>,
    /// The card that has, or would get, the keyboard.
    active: Option<CardId>,
    hover: Hover,
    gesture: Gesture,
    pointers: Vec<(i32, Position)>,
    last_click: Option<(CardId, f64)>,
    editing: Option<CardId>,
    mounts: Mounts,
    overview: Overview,
    dirty: DirtyFlags,
    effects: Vec<Effect>,
}

/// What lies under an idle pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hover {
    #[default]
    Nothing,
    Card(CardId),
    Corner(CardId),
    Edge(usize),
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    from: Camera,
    to: Camera,
    start: Option<f64>,
}

/// What has changed since the last frame.
#[derive(Clone, Debug, Default, PartialEq)]
struct DirtyFlags {
    camera: bool,
    scene: bool,
    looks: bool,
    moved: Vec<CardId>,
}

/// What a frame has to write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub camera: bool,
    /// Every card and edge may be elsewhere, or gone.
    pub scene: bool,
    /// Selection, hover, the selection box.
    pub looks: bool,
    pub moved: Vec<CardId>,
    pub mounts: Change,
    pub bitmap: Option<Bitmap>,
    /// The overview has come or gone.
    pub overview: bool,
    /// Ask for another frame.
    pub again: bool,
}

impl Engine {
    /// Takes a new scene. What is being dragged stays under the hand.
    pub fn load(&mut self, scene: &Scene) {
        let dragged = self.gesture.dragged();
        let held: Vec<Moved> = dragged.iter().filter_map(|id| self.position_of(*id)).collect();
        self.scene_store
            .load(scene, |id| held.iter().find(|moved| moved.id == id).map(|moved| moved.area));
        let scene_store = &self.scene_store;
        self.selection.retain(|id| scene_store.index(*id).is_some());
        self.active = self.active.filter(|id| scene_store.index(*id).is_some());
        self.editing = self.editing.filter(|id| scene_store.index(*id).is_some());
        self.hover = Hover::Nothing;
        self.dirty.scene = true;
        self.mounts.forget();
        self.overview.forget();
    }

    /// The window has this size now.
    pub fn resize(&mut self, size: Size) {
        if self.size == size {
            return;
        }
        // What was in the middle stays there, except the first time.
        if self.size.width > 0.0 {
            let (x, y) = (size.width - self.size.width, size.height - self.size.height);
            self.camera = self.camera.panned((x / 2.0).round(), (y / 2.0).round());
        }
        self.size = size;
        self.dirty.camera = true;
        self.mounts.forget();
        self.overview.forget();
    }

    /// No flights: the camera is there at once.
    pub fn keep_still(&mut self, is_still: bool) {
        self.is_still = is_still;
    }

    #[must_use]
    pub fn is_still(&self) -> bool {
        self.is_still
    }

    /// The pigments have changed: the overview is drawn again.
    pub fn repaint(&mut self) {
        self.overview.forget();
        self.dirty.camera = true;
    }

    /// Decides what this frame writes, and forgets that it had to.
    pub fn frame(&mut self, now: f64) -> Frame {
        let mut again = self.fly(now);
        let view = self.camera.view(self.size);
        let zoom = self.camera.zoom;

        let in_view = if zoom < 0.5 { self.scene_store.within(view).count() } else { 0 };
        let overview = self.overview.decide(zoom, in_view);
        if overview {
            self.mounts.forget();
        }
        let cards = if self.overview.is_shown() { Cards::OnlyPinned } else { Cards::Near };
        let pinned = self.pinned();
        let mounts = self.mounts.update(&self.scene_store, view, zoom, &pinned, cards);
        again |= mounts.is_partial;
        let bitmap = self.overview.update(view, zoom);

        let dirty = std::mem::take(&mut self.dirty);
        Frame {
            camera: dirty.camera || overview || bitmap.is_some(),
            scene: dirty.scene,
            looks: dirty.looks,
            moved: dirty.moved,
            mounts,
            bitmap,
            overview,
            again,
        }
    }

    fn fly(&mut self, now: f64) -> bool {
        let Some(flight) = &mut self.flight else { return false };
        let start = *flight.start.get_or_insert(now);
        let progress = ((now - start) / FLIGHT).clamp(0.0, 1.0);
        let eased = 1.0 - (1.0 - progress).powi(3);
        self.camera = flight.from.toward(flight.to, eased);
        self.dirty.camera = true;
        if progress >= 1.0 {
            self.camera = flight.to;
            self.flight = None;
        }
        self.flight.is_some()
    }

    fn pinned(&self) -> Vec<CardId> {
        let mut pinned = self.gesture.dragged();
        pinned.truncate(64);
        pinned.extend(self.active);
        pinned.extend(self.editing);
        pinned
    }

    /// What has happened since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Flies to a camera, or is there at once.
    fn fly_to(&mut self, to: Camera) {
        if self.is_still {
            self.camera = to;
        } else {
            self.flight = Some(Flight { from: self.camera, to, start: None });
        }
        self.dirty.camera = true;
    }

    /// Shows everything.
    pub fn fit(&mut self) {
        if let Some(area) = self.scene_store.bounds() {
            self.fly_to(self.showing(area));
        }
    }

    /// All of an area, above what floats at the foot of the map.
    fn showing(&self, area: Area) -> Camera {
        let free = Size { height: (self.size.height - BELOW).max(1.0), ..self.size };
        Camera::fitting(area, free, PADDING.min(self.size.width / 12.0))
    }

    /// The first look, without a flight: everything, or where it begins if that could not be read.
    pub fn set_initial_view(&mut self) {
        let Some(area) = self.scene_store.bounds() else { return };
        self.camera = self.showing(area);
        if self.size.width < NARROW && self.camera.zoom < LEGIBLE {
            let zoom = LEGIBLE;
            let pan =
                Position { x: (24.0 - area.x * zoom).round(), y: (ABOVE - area.y * zoom).round() };
            self.camera = Camera { pan, zoom };
        }
        self.flight = None;
        self.dirty.camera = true;
    }

    pub fn zoom_in(&mut self) {
        self.zoom_by(ZOOM_STEP);
    }

    pub fn zoom_out(&mut self) {
        self.zoom_by(1.0 / ZOOM_STEP);
    }

    /// Life size, with the same middle.
    pub fn zoom_to_actual_size(&mut self) {
        self.zoom_by(1.0 / self.destination().zoom);
    }

    fn zoom_by(&mut self, factor: f64) {
        let middle = Position::new(self.size.width / 2.0, self.size.height / 2.0);
        self.fly_to(self.destination().zoom_at(middle, factor));
    }

    fn destination(&self) -> Camera {
        self.flight.map_or(self.camera, |flight| flight.to)
    }

    /// Brings a card into the middle of what a panel leaves free, at a readable size.
    pub fn centre_on(&mut self, id: CardId, free_width: Option<f64>) {
        let Some(card) = self.scene_store.index(id) else { return };
        let width = free_width.unwrap_or(self.size.width).clamp(1.0, self.size.width.max(1.0));
        let zoom = self.camera.zoom.clamp(0.6, 1.0);
        let camera = Camera { zoom, ..self.camera };
        self.fly_to(
            camera.centred(self.scene_store.area(card).centre(), Size { width, ..self.size }),
        );
    }

    /// Brings a card into view if it is not.
    pub fn reveal(&mut self, id: CardId) {
        let Some(card) = self.scene_store.index(id) else { return };
        let view = self.destination().view(self.size);
        if !view.covers(&self.scene_store.area(card)) {
            self.centre_on(id, None);
        }
    }

    /// The page says which card is chosen.
    pub fn set_selected(&mut self, id: Option<CardId>) {
        let known = id.filter(|id| self.scene_store.index(*id).is_some());
        match known {
            Some(id) if self.selection.contains(&id) => return,
            Some(id) => {
                self.selection = vec![id];
                self.active = Some(id);
                self.pin();
            }
            None if self.selection.len() == 1 => self.selection.clear(),
            None => return,
        }
        self.dirty.looks = true;
    }

    /// Chooses a card, or none, as a click does.
    pub fn choose(&mut self, card: Option<CardId>, adds: bool) {
        match card {
            Some(id) if adds => {
                if self.selection.contains(&id) {
                    self.selection.retain(|other| *other != id);
                } else {
                    self.selection.push(id);
                }
            }
            Some(id) => self.selection = vec![id],
            None => self.selection.clear(),
        }
        if let Some(id) = card {
            self.active = Some(id);
            self.pin();
            self.effects.push(Effect::Focus(id));
        }
        self.dirty.looks = true;
        self.effects.push(Effect::Selection(self.selection.clone()));
        if !adds {
            self.effects.push(Effect::Select(card));
        }
    }

    /// Lifts one card above the input layer, so that it gets events itself; `None` lets it down.
    pub fn edit(&mut self, card: Option<CardId>) {
        self.editing = card.filter(|id| self.scene_store.index(*id).is_some());
        self.dirty.looks = true;
        self.pin();
    }

    /// The keyboard has come to this card by itself.
    pub fn focused(&mut self, id: CardId) {
        if self.active != Some(id) {
            self.active = Some(id);
            self.dirty.looks = true;
        }
        self.reveal(id);
    }

    /// Somebody else has put a card somewhere; what is in one's own hand stays there.
    pub fn move_remotely(&mut self, id: CardId, at: Position) {
        let Some(card) = self.scene_store.index(id) else { return };
        if !self.gesture.dragged().contains(&id) {
            let area = self.scene_store.area(card);
            self.place(id, Area { x: at.x, y: at.y, ..area });
            self.overview.forget();
        }
    }

    fn pin(&mut self) {
        self.mounts.forget();
    }

    fn position_of(&self, id: CardId) -> Option<Moved> {
        self.scene_store.index(id).map(|card| Moved { id, area: self.scene_store.area(card) })
    }

    fn place(&mut self, id: CardId, area: Area) {
        if let Some(card) = self.scene_store.index(id)
            && self.scene_store.area(card) != area
        {
            self.scene_store.place(card, area);
            self.dirty.moved.push(id);
        }
    }

    #[must_use]
    pub fn scene_store(&self) -> &SceneStore {
        &self.scene_store
    }

    #[must_use]
    pub fn camera(&self) -> Camera {
        self.camera
    }

    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    #[must_use]
    pub fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    #[must_use]
    pub fn overview(&self) -> &Overview {
        &self.overview
    }

    #[must_use]
    pub fn gesture(&self) -> &Gesture {
        &self.gesture
    }

    #[must_use]
    pub fn hover(&self) -> Hover {
        self.hover
    }

    #[must_use]
    pub fn selection(&self) -> &[CardId] {
        &self.selection
    }

    #[must_use]
    pub fn active(&self) -> Option<CardId> {
        self.active
    }

    #[must_use]
    pub fn editing(&self) -> Option<CardId> {
        self.editing
    }
}
