//! How the machine, the container engine and Easel itself are doing: for admins.

use domain::{
    api::system::SystemStatus,
    host::{HostFacts, Space},
    rollout::EngineHealth,
};
use icondata_lu::LuTriangleAlert;
use yew::prelude::{AttrValue, Html, Properties, component, html, use_node_ref};

use crate::{
    api::{use_api, use_fetch},
    component::{Banner, Colour, Lasting, RelativeTime, Skeleton, Status, StatusMark},
    screen::{
        account_page::{AccountPage, AccountTab},
        failure::{Failure, Stale},
    },
    view::{clock::use_every, page, style::use_style},
};

/// How often it is read again, in milliseconds.
const REFRESH: u32 = 3_000;

#[component]
pub fn System() -> Html {
    page::use_title("System");
    let api = use_api();
    let status = use_fetch((), move |()| async move { api.system_status().await });
    use_every(REFRESH, status.reload.clone());
    let content = match (&status.value, &status.error) {
        (None, Some(error)) => html! {
            <Failure error={error.clone()} on_retry={status.reload.clone()} />
        },
        (None, None) => html! { <Skeleton label="how everything is doing" lines={6} /> },
        (Some(known), error) => html! {
            <>
                if let Some(error) = error {
                    <Stale error={error.clone()} on_retry={status.reload.clone()} />
                }
                { warning(known) }
                <div class="gauges">
                    { machine(&known.host) }
                    { engine(known) }
                    { easel(known) }
                </div>
            </>
        },
    };
    html! { <AccountPage tab={AccountTab::System}>{ content }</AccountPage> }
}

fn warning(status: &SystemStatus) -> Html {
    let text = match (&status.reconciler.observe_only, &status.engine_error) {
        (Some(why), _) => format!("Observe-only: Easel changes nothing in the engine: {why}"),
        (None, Some(why)) => format!(
            "The container engine does not answer: {why}. What runs goes on running; nothing can be deployed."
        ),
        (None, None) if !status.database => "The database does not answer.".to_owned(),
        (None, None) => return Html::default(),
    };
    html! {
        <div class="system-warning">
            <Banner colour={Colour::Fail} icon={LuTriangleAlert}>{ text }</Banner>
        </div>
    }
}

fn machine(host: &HostFacts) -> Html {
    html! {
        <section class="plate">
            <h2>{ "Host" }</h2>
            <Gauge label="CPU" percent={host.cpu_percent}
                text={format!("{:.0} % of {} cores", host.cpu_percent, host.cpus)} />
            <Gauge label="Memory" percent={percent(host.memory)} text={used(host.memory)} />
            if host.swap.total_bytes > 0 {
                <Gauge label="Swap" percent={percent(host.swap)} text={used(host.swap)} />
            }
            { for host.disks.iter().map(|disk| {
                let label = if disk.holds_data {
                    format!("Disk {} (Easel's data)", disk.mount)
                } else {
                    format!("Disk {}", disk.mount)
                };
                html! { <Gauge key={disk.mount.clone()} {label} percent={percent(disk.space)} text={used(disk.space)} /> }
            }) }
            <dl class="facts">
                { fact("Name", &host.name) }
                { fact("System", &host.operating_system) }
                { fact("Kernel", &format!("{} · {}", host.kernel, host.architecture)) }
                { fact("Load", &host.load.map(|load| format!("{load:.2}")).join(", ")) }
                { fact("Uptime", &span(host.uptime_seconds)) }
            </dl>
        </section>
    }
}

fn engine(status: &SystemStatus) -> Html {
    let (mark, word) = match &status.reconciler.engine {
        EngineHealth::Reachable { .. } => (Status::Live, "Connected"),
        EngineHealth::Unreachable { .. } => (Status::Failed, "Not reachable"),
        EngineHealth::Unknown => (Status::Progress, "Unknown"),
    };
    html! {
        <section class="plate">
            <div class="row row--between"><h2>{ "Container engine" }</h2><StatusMark status={mark} word={word} /></div>
            <dl class="facts">
                if let Some(engine) = &status.engine {
                    { fact("Version", &format!("{} (API {})", engine.version, engine.api_version)) }
                    { fact("Storage", &engine.storage_driver) }
                    { fact("cgroup", &format!("v{}", engine.cgroup_version.trim_start_matches('v'))) }
                }
                if let Some(counts) = &status.counts {
                    { fact("Containers", &format!("{} running of {}", counts.containers_running, counts.containers_total)) }
                    { fact("Images", &counts.images.to_string()) }
                    { fact("Volumes", &counts.volumes.to_string()) }
                }
            </dl>
            if let Some(engine) = &status.engine {
                { for engine.warnings.iter().map(|warning| html! {
                    <p key={warning.clone()} class="muted">{ warning }</p>
                }) }
            }
            if let EngineHealth::Unreachable { since, why } = &status.reconciler.engine {
                <p class="muted">{ why }{ ", " }<Lasting since={since.as_millis()} /></p>
            }
        </section>
    }
}

fn easel(status: &SystemStatus) -> Html {
    let reconciler = &status.reconciler;
    html! {
        <section class="plate">
            <h2>{ "Easel" }</h2>
            <dl class="facts">
                { fact("Version", &status.version) }
                <dt>{ "Last reconciled" }</dt>
                <dd>
                    if let Some(at) = reconciler.reconciled_at {
                        <RelativeTime at={at.as_millis()} />
                        <span class="muted">{ format!(" · took {} ms", reconciler.reconcile_ms) }</span>
                    } else {
                        { "not yet" }
                    }
                </dd>
                { fact("Lag", &format!("{} ms", reconciler.lag_ms)) }
                { fact("Reconciling", &services(reconciler.in_progress)) }
                { fact("Backing off", &services(reconciler.backing_off)) }
                { fact("Open canvases", &status.open_canvases.to_string()) }
            </dl>
            if !reconciler.orphans.is_empty() {
                <details class="orphans">
                    <summary>{ format!("{} orphaned containers", reconciler.orphans.len()) }</summary>
                    <p class="muted small">{ "They carry this instance's label, but no row names \
                        them. Easel never touches them." }</p>
                    <ul class="mono small">
                        { for reconciler.orphans.iter().map(|orphan| {
                            let id = orphan.container.0.clone();
                            html! { <li key={id.clone()} class="truncate">{ id }</li> }
                        }) }
                    </ul>
                </details>
            }
        </section>
    }
}

fn fact(name: &'static str, value: &str) -> Html {
    html! { <><dt>{ name }</dt><dd>{ value.to_owned() }</dd></> }
}

fn services(count: u64) -> String {
    if count == 1 { "1 service".to_owned() } else { format!("{count} services") }
}

#[derive(Properties, PartialEq)]
struct GaugeProps {
    label: AttrValue,
    percent: f64,
    text: AttrValue,
}

/// A bar that warns by colour, by its mark and in words.
#[component]
fn Gauge(props: &GaugeProps) -> Html {
    let bar = use_node_ref();
    let percent = props.percent.clamp(0.0, 100.0);
    use_style(&bar, "--filled", format!("{percent:.1}%").into());
    let (class, word) = match percent {
        high if high >= 90.0 => ("gauge gauge--full", "▲ very high"),
        high if high >= 70.0 => ("gauge gauge--high", "◇ high"),
        _ => ("gauge", ""),
    };
    html! {
        <div {class}>
            <div class="row row--between gauge-head">
                <span>{ &props.label }</span>
                <span class="muted small">{ word }{ if word.is_empty() { "" } else { " · " } }{ &props.text }</span>
            </div>
            <div ref={bar} class="gauge-bar" role="meter" aria-label={&props.label}
                aria-valuemin="0" aria-valuemax="100" aria-valuenow={format!("{percent:.0}")} />
        </div>
    }
}

fn percent(space: Space) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let percent = space.used_bytes as f64 * 100.0 / (space.total_bytes.max(1)) as f64;
    percent
}

fn used(space: Space) -> String {
    format!("{} of {}", bytes(space.used_bytes), bytes(space.total_bytes))
}

/// A size as people say it.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let mut size = count as f64;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && size < 100.0);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A span of time as people say it.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        86_400..172_800 => format!("1 day {} h", seconds % 86_400 / 3_600),
        _ => format!("{} days {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_read_as_people_say_them() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(170 * 1024 * 1024), "170 MiB");
        assert_eq!(span(90_061), "1 day 1 h");
        assert_eq!(span(3_700), "1 h 1 min");
    }
}
