use proptest::prelude::{Strategy, any, prop_assert, prop_oneof, proptest};

use super::*;
use crate::canvas::{
    engine::keyboard::Key,
    gesture::{Button, Keys, Pointer},
    scene::{Card, Layer},
    scene_store::Direction,
};

const MOUSE: i32 = 1;

fn engine(cards: Vec<Card>) -> Engine {
    let mut engine = Engine::default();
    engine.keep_still(true);
    engine.resize(Size { width: 1_440.0, height: 900.0 });
    engine.load(&Scene { cards, edges: vec![] });
    engine
}

fn card(id: u128, x: f64, y: f64) -> Card {
    Card::new(CardId(id), Area::new(x, y, 248.0, 112.0), "card")
}

fn pointer(x: f64, y: f64) -> Pointer {
    Pointer {
        id: MOUSE,
        at: Position::new(x, y),
        button: Button::Primary,
        is_touch: false,
        keys: Keys::default(),
        time: 0.0,
    }
}

fn drag(engine: &mut Engine, from: (f64, f64), to: (f64, f64)) {
    engine.press(pointer(from.0, from.1));
    engine.move_pointer(pointer(f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1)));
    engine.move_pointer(pointer(to.0, to.1));
    engine.release(pointer(to.0, to.1));
}

fn stored(engine: &mut Engine) -> Vec<Vec<Moved>> {
    engine
        .effects()
        .into_iter()
        .filter_map(|effect| if let Effect::Moved(moved) = effect { Some(moved) } else { None })
        .collect()
}

#[test]
fn a_drag_is_stored_once_at_its_end_and_rests_on_the_grid() {
    let mut engine = engine(vec![card(1, 16.0, 16.0)]);

    drag(&mut engine, (100.0, 60.0), (203.0, 91.0));

    let stored = stored(&mut engine);
    assert_eq!(stored, [[Moved { id: CardId(1), area: Area::new(120.0, 48.0, 248.0, 112.0) }]]);
}

#[test]
fn a_trembling_hand_clicks() {
    let mut engine = engine(vec![card(1, 0.0, 0.0)]);

    drag(&mut engine, (100.0, 60.0), (102.0, 62.0));

    let click =
        Effect::Click { at: Position::new(100.0, 60.0), card: Some(CardId(1)), adds: false };
    assert_eq!(engine.effects(), [click]);
}

#[test]
fn escape_and_a_lost_pointer_put_the_card_back() {
    for restore in [
        |engine: &mut Engine| {
            engine.key(Key::Escape, Keys::default());
        },
        |engine: &mut Engine| engine.lose(MOUSE),
    ] {
        let mut engine = engine(vec![card(1, 0.0, 0.0)]);
        engine.press(pointer(100.0, 60.0));
        engine.move_pointer(pointer(400.0, 260.0));
        assert_ne!(engine.scene_store().area(0).corner(), Position::default());

        restore(&mut engine);
        engine.release(pointer(400.0, 260.0));

        assert_eq!(engine.scene_store().area(0).corner(), Position::default());
        assert!(stored(&mut engine).is_empty());
    }
}

#[test]
fn a_drag_on_the_ground_pans_and_with_shift_it_selects() {
    let mut engine = engine(vec![card(1, 300.0, 300.0), card(2, 900.0, 300.0)]);
    drag(&mut engine, (50.0, 50.0), (80.0, 40.0));
    assert_eq!(engine.camera().pan, Position::new(30.0, -10.0));

    let shift = |x, y| Pointer { keys: Keys { shift: true, ..Keys::default() }, ..pointer(x, y) };
    engine.press(shift(100.0, 100.0));
    engine.move_pointer(shift(500.0, 500.0));
    engine.release(shift(500.0, 500.0));

    assert_eq!(engine.selection(), [CardId(1)]);
}

#[test]
fn all_that_is_selected_moves_together() {
    let mut engine = engine(vec![card(1, 0.0, 0.0), card(2, 400.0, 0.0), card(3, 800.0, 0.0)]);
    engine.choose(Some(CardId(1)), false);
    engine.choose(Some(CardId(2)), true);
    engine.effects();

    drag(&mut engine, (450.0, 50.0), (450.0, 130.0));

    let moved = stored(&mut engine).remove(0);
    assert_eq!(moved.len(), 2);
    assert!(moved.iter().all(|moved| moved.area.y == 80.0));
}

#[test]
fn a_group_is_taken_by_its_top_and_brings_its_members() {
    let mut group = card(9, 0.0, 0.0);
    group.area = Area::new(0.0, 0.0, 600.0, 400.0);
    group.layer = Layer::Background;
    let mut member = card(1, 40.0, 60.0);
    member.parent = Some(CardId(9));
    let mut engine = engine(vec![group, member]);

    drag(&mut engine, (500.0, 300.0), (540.0, 300.0));
    assert!(stored(&mut engine).is_empty(), "inside, a drag pans");
    engine.wheel(Position::default(), 40.0, 0.0, true);

    drag(&mut engine, (300.0, 10.0), (300.0, 90.0));
    let moved = stored(&mut engine).remove(0);
    assert_eq!(moved.len(), 2);
}

#[test]
fn a_finger_pans_over_a_card_until_the_card_is_chosen() {
    let mut engine = engine(vec![card(1, 0.0, 0.0)]);
    let finger = |x, y| Pointer { is_touch: true, ..pointer(x, y) };
    let swipe = |engine: &mut Engine| {
        engine.press(finger(100.0, 60.0));
        engine.move_pointer(finger(180.0, 60.0));
        engine.release(finger(180.0, 60.0));
    };

    swipe(&mut engine);
    assert_eq!(engine.camera().pan, Position::new(80.0, 0.0));

    engine.choose(Some(CardId(1)), false);
    swipe(&mut engine);
    assert_eq!(stored(&mut engine).len(), 1);
}

#[test]
fn two_fingers_zoom_about_their_middle() {
    let mut engine = engine(vec![card(1, 0.0, 0.0)]);
    let finger = |id, x, y| Pointer { id, is_touch: true, ..pointer(x, y) };
    let under = engine.camera().to_map(Position::new(500.0, 400.0));

    engine.press(finger(1, 400.0, 400.0));
    engine.press(finger(2, 600.0, 400.0));
    engine.move_pointer(finger(1, 450.0, 400.0));
    engine.move_pointer(finger(2, 550.0, 400.0));

    assert!((engine.camera().zoom - 0.5).abs() < 1e-9);
    assert!(engine.camera().to_map(Position::new(500.0, 400.0)).distance(under) < 1e-9);
}

#[test]
fn arrow_keys_wander_and_enter_opens() {
    let mut engine = engine(vec![card(1, 0.0, 0.0), card(2, 400.0, 0.0)]);

    engine.key(Key::Arrow(Direction::Right), Keys::default());
    engine.key(Key::Arrow(Direction::Right), Keys::default());
    engine.key(Key::Enter, Keys::default());

    assert_eq!(
        engine.effects(),
        [Effect::Focus(CardId(1)), Effect::Focus(CardId(2)), Effect::Open(CardId(2))]
    );
}

#[test]
fn a_scene_that_arrives_during_a_drag_does_not_take_the_card_away() {
    let mut engine = engine(vec![card(1, 0.0, 0.0)]);
    engine.press(pointer(100.0, 60.0));
    engine.move_pointer(pointer(260.0, 60.0));

    engine.load(&Scene { cards: vec![card(2, 900.0, 0.0), card(1, 0.0, 0.0)], edges: vec![] });

    assert_eq!(engine.scene_store().area(1).x, 160.0);
}

#[test]
fn a_second_click_soon_after_opens() {
    let mut engine = engine(vec![card(1, 0.0, 0.0)]);
    engine.press(pointer(10.0, 10.0));
    engine.release(pointer(10.0, 10.0));
    engine.press(Pointer { time: 200.0, ..pointer(10.0, 10.0) });
    engine.release(pointer(10.0, 10.0));

    assert_eq!(engine.effects().pop(), Some(Effect::Open(CardId(1))));
}

#[test]
fn the_camera_flies_and_arrives() {
    let mut engine = engine(vec![card(1, 5_000.0, 5_000.0)]);
    engine.keep_still(false);
    engine.centre_on(CardId(1), Some(800.0));

    assert!(engine.frame(1_000.0).again);
    assert!(engine.frame(1_100.0).again);
    engine.frame(1_300.0);

    let middle = engine.camera().to_screen(engine.scene_store().area(0).centre());
    assert!(middle.distance(Position::new(400.0, 450.0)) < 1.0);
    assert!(!engine.frame(1_400.0).again);
}

#[derive(Clone, Debug)]
enum Act {
    Press(f64, f64, bool),
    Steer(f64, f64),
    Release,
    Lose,
    Wheel(f64, f64, bool),
    Escape,
}

fn act() -> impl Strategy<Value = Act> {
    let place = || (0.0..1_440.0, 0.0..900.0);
    prop_oneof![
        (place(), any::<bool>()).prop_map(|((x, y), shift)| Act::Press(x, y, shift)),
        place().prop_map(|(x, y)| Act::Steer(x, y)),
        proptest::strategy::Just(Act::Release),
        proptest::strategy::Just(Act::Lose),
        (-300.0..300.0, -300.0..300.0, any::<bool>())
            .prop_map(|(x, y, pans)| Act::Wheel(x, y, pans)),
        proptest::strategy::Just(Act::Escape),
    ]
}

proptest! {
    #[test]
    fn whatever_a_hand_does_the_page_hears_of_every_lasting_move(
        acts in proptest::collection::vec(act(), 1..60)
    ) {
        let cards: Vec<_> = (0..20).map(|n| card(n, f64::from(n as u32 % 5) * 300.0, f64::from(n as u32 / 5) * 200.0)).collect();
        let mut engine = engine(cards.clone());
        let mut page: std::collections::HashMap<_, _> =
            cards.iter().map(|card| (card.id, card.area)).collect();

        for act in acts {
            match act {
                Act::Press(x, y, shift) => engine.press(Pointer {
                    keys: Keys { shift, ..Keys::default() },
                    ..pointer(x, y)
                }),
                Act::Steer(x, y) => engine.move_pointer(pointer(x, y)),
                Act::Release => engine.release(pointer(0.0, 0.0)),
                Act::Lose => engine.lose(MOUSE),
                Act::Wheel(x, y, pans) => engine.wheel(Position::new(700.0, 400.0), x, y, pans),
                Act::Escape => { engine.key(Key::Escape, Keys::default()); }
            }
            for effect in engine.effects() {
                if let Effect::Moved(moved) = effect {
                    for Moved { id, area } in moved {
                        page.insert(id, area);
                    }
                }
            }
            engine.frame(0.0);
        }
        engine.lose(MOUSE);

        for index in engine.scene_store().cards() {
            prop_assert!(page[&engine.scene_store().id(index)] == engine.scene_store().area(index));
        }
    }
}
