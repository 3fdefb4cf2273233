//! Everything at once, to look at. Removed before it ships.

use std::rc::Rc;

use icondata_lu::*;
use icondata_si::*;
use yew::prelude::*;

use crate::{
    canvas::{Canvas, CanvasHandle, RenderCard, geometry::Area, scene::*},
    card::*,
    component::*,
    shell::*,
};

fn face(n: u128) -> Face {
    let now = crate::view::clock::now();
    let names = ["web", "api", "worker", "postgres", "redis", "minio", "mailer", "search"];
    let icons: [IconRef; 8] =
        [SiNextdotjs, SiRust, SiPython, SiPostgresql, SiRedis, SiMinio, LuContainer, SiMeilisearch];
    let sources = [
        "acme/shop-web main 4f2c91a",
        "acme/shop-api main 9b01d3e",
        "ghcr.io/acme/worker:1.14.2",
        "postgres:17-alpine",
        "redis:8-alpine",
        "minio/minio:RELEASE.2025-09-07",
        "ghcr.io/acme/mailer:0.3",
        "getmeili/meilisearch:v1.22",
    ];
    let at = (n % 8) as usize;
    let statuses = [
        (Status::Live, "Running"),
        (Status::Progress, "Building 3 of 9"),
        (Status::Live, "Running"),
        (Status::Live, "Running"),
        (Status::Sleeping, "Sleeping"),
        (Status::Failed, "Crashed, exit 137"),
        (Status::Stopped, "Stopped"),
        (Status::Staged, "Not deployed yet"),
    ];
    Face {
        name: if n < 8 { names[at].into() } else { format!("{}-{n}", names[at]).into() },
        icon: CardIcon::Mark(icons[at]),
        source: sources[at].into(),
        source_icon: (at < 2).then_some(LuGitBranch),
        status: statuses[at].0,
        word: statuses[at].1.into(),
        reason: None,
        since: Some(now - 60_000 * (7 + n as i64 * 37)),
        replicas: if at == 0 {
            vec![Status::Live, Status::Live, Status::Progress]
        } else {
            vec![Status::Live]
        },
        volumes: match at {
            3 => vec!["postgres-data".into()],
            5 => vec!["objects".into(), "cache".into()],
            _ => vec![],
        },
        address: match at {
            0 => Some("shop.example.org".into()),
            1 => Some("api.shop.example.org".into()),
            _ => None,
        },
        host: names[at].into(),
        staged: match at {
            1 => Staged::Edited,
            7 => Staged::New,
            6 => Staged::Removed,
            _ => Staged::Nothing,
        },
    }
}
type IconRef = crate::component::icon::IconData;

fn scene(count: u128) -> Scene {
    let places = [
        (0., 0.),
        (0., 220.),
        (340., 330.),
        (680., 220.),
        (680., 420.),
        (340., 110.),
        (0., 440.),
        (1020., 110.),
    ];
    let cards = (0..count)
        .map(|n| {
            let (x, y) = if count <= 8 {
                places[n as usize]
            } else {
                ((n % 40) as f64 * 320., (n / 40) as f64 * 210.)
            };
            let face = face(n);
            let tone = match face.status {
                Status::Live => Tone::Live,
                Status::Progress => Tone::Progress,
                Status::Failed => Tone::Failed,
                Status::Staged => Tone::Staged,
                _ => Tone::Calm,
            };
            Card {
                tone,
                ..Card::new(CardId(n), Area::new(x, y, WIDTH, HEIGHT), face.name.as_str())
            }
        })
        .collect();
    let edge = |from, to, label: &str, kind| Edge {
        from: CardId(from),
        to: CardId(to),
        label: label.into(),
        kind,
    };
    let mut edges = vec![
        edge(0, 1, "API_URL", EdgeKind::Quiet),
        edge(1, 3, "DATABASE_URL", EdgeKind::Quiet),
        edge(1, 4, "REDIS_URL", EdgeKind::Quiet),
        edge(2, 3, "DATABASE_URL", EdgeKind::Quiet),
        edge(2, 4, "REDIS_URL", EdgeKind::Quiet),
        edge(0, 5, "S3_ENDPOINT", EdgeKind::Broken),
        edge(1, 7, "SEARCH_URL", EdgeKind::Staged),
    ];
    for n in 8..count {
        edges.push(edge(n, n / 2, "URL", EdgeKind::Quiet));
    }
    Scene { cards, edges }
}

#[component]
pub fn Demo() -> Html {
    let hash = web_sys::window().and_then(|w| w.location().hash().ok()).unwrap_or_default();
    let count: u128 = hash.trim_start_matches('#').parse().unwrap_or(8);
    let scene = use_memo((), move |()| Rc::new(scene(count)));
    let selected = use_state_eq(|| None);
    let render =
        use_memo((), |()| RenderCard::new(|id| html! { <ServiceCard face={face(id.0)} /> }));
    let handle = use_memo((), |()| CanvasHandle::default());
    let dialog = use_state_eq(|| hash == "#dialog");
    let log = |what: &'static str| move |it: String| gloo::console::log!(what, it);
    if hash == "#parts" || hash == "#dialog" {
        return html! { <Parts dialog={*dialog} /> };
    }
    if hash == "#log" {
        return html! { <Shell full=true><crate::log::demo::LogDemo /></Shell> };
    }
    html! {
        <Shell full=true place={html!{<><b>{"shop"}</b></>}} present={vec![Person::new("a","Ada Lovelace"), Person::new("b","Grace Hopper")]}>
            <Canvas scene={(*scene).clone()} render_card={(*render).clone()} selected={*selected} handle={(*handle).clone()}
                on_select={let s = selected.setter(); let h = (*handle).clone(); Callback::from(move |id: Option<CardId>| { log("select")(format!("{id:?}")); s.set(id); if let Some(id) = id { h.centre_on(id, Some(800.)); } })}
                on_open={Callback::from(move |id| log("open")(format!("{id:?}")))}
                on_moved={Callback::from(move |id| log("moved")(format!("{id:?}")))}
                on_context_menu={Callback::from(move |id| log("menu")(format!("{id:?}")))} />
        </Shell>
    }
}

#[derive(Properties, PartialEq)]
struct PartsProps {
    dialog: bool,
}

#[component]
fn Parts(props: &PartsProps) -> Html {
    let toasts = use_toasts();
    use_effect_with((), move |()| {
        toasts.done("Deployed web in 14 s");
        toasts.show(
            Toast::failed(
                "worker could not be deployed: the image ghcr.io/acme/worker:1.15 does not exist",
            )
            .deed("Edit image", Callback::noop()),
        );
    });
    let now = crate::view::clock::now();
    html! {
        <Shell place={html!{<b>{"Parts"}</b>}} connection={Connection::Lost}>
            <div class="stack stack--loose">
                <div class="row row--wrap">
                    <Button kind={ButtonKind::Primary} icon={LuRocket}>{ "Apply 3 changes" }</Button>
                    <Button>{ "Details" }</Button>
                    <Button kind={ButtonKind::Bare}>{ "Cancel" }</Button>
                    <Button kind={ButtonKind::Danger}>{ "Delete postgres-data for ever" }</Button>
                    <Button kind={ButtonKind::Primary} busy=true>{ "Applying" }</Button>
                    <Button disabled=true>{ "Disabled" }</Button>
                    <IconButton icon={LuSettings} label="Settings" />
                    <CopyButton text="x" />
                </div>
                <div class="row row--wrap">
                    { for [Status::Live, Status::Progress, Status::Staged, Status::Failed, Status::Stopped, Status::Sleeping].map(|status| html!{<StatusMark {status} />}) }
                    { for [Pigment::Calm, Pigment::Accent, Pigment::Live, Pigment::Staged, Pigment::Fail, Pigment::Info].map(|pigment| html!{<Badge {pigment}>{ pigment.name() }</Badge>}) }
                    <SecretValue name="API_KEY" value={Secrecy::Known("hunter2".into())} />
                </div>
                <Tabs label="Service" chosen="vars" on_choose={Callback::noop()} tabs={vec![Tab::new("dep", "Deployments"), Tab::new("logs", "Logs"), Tab::new("vars", "Variables").count(7), Tab::new("set", "Settings")]}>
                    <Table caption="Variables" columns={vec![Column::new("key", "Key").sortable(), Column::new("value", "Value"), Column::new("at", "Changed").sortable(), Column::new("n", "Uses").number(), Column::new("x", "Deeds").silent()]} sorted={(AttrValue::from("key"), true)}>
                        { for ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"].map(|key| html!{<tr><td class="mono">{key}</td><td><SecretValue name={key} value={Secrecy::Known("x".into())} /></td><td><RelativeTime at={now - 7_200_000} /></td><td class="is-number">{"2"}</td><td><IconButton icon={LuEllipsis} label="More" /></td></tr>}) }
                    </Table>
                </Tabs>
                <Form on_submit={Callback::noop()} error="The project could not be created: the name is taken. Choose another.">
                    <TextField id="a" label="Name" value="shop" hint="Small letters, digits and hyphens" on_input={Callback::noop()} />
                    <TextField id="b" label="Image" value="postgres:99" mono=true error="This image does not exist" on_input={Callback::noop()} />
                    <Select id="c" label="Strategy" value="b" choices={vec![Choice::new("a","Start first"), Choice::new("b","Stop first")]} on_change={Callback::noop()} />
                    <TextArea id="d" label="Value" value="" placeholder="Several lines are fine" on_input={Callback::noop()} />
                    <Checkbox id="e" label="Sealed" checked=true hint="Nobody can read it again" on_change={Callback::noop()} />
                </Form>
                <Skeleton label="deployments" />
                <Empty icon={LuBox} title="No services yet" text="A service is one thing that runs: an image, or a repository that is built into one."><Button kind={ButtonKind::Primary} icon={LuPlus}>{ "Add a service" }</Button><Button>{ "Add a database" }</Button></Empty>
            </div>
            if props.dialog {
                <Confirm title="Delete postgres-data" deed="Delete postgres-data for ever" name="postgres-data" on_confirm={Callback::noop()} on_close={Callback::noop()}>
                    <p>{ "The volume holds 1.2 GB and is used by postgres. There is no backup of it." }</p>
                </Confirm>
            }
        </Shell>
    }
}
