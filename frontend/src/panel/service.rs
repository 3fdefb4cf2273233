//! A service, opened.

use domain::ServiceId;
use icondata_lu::LuFolder;
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html};

use super::{
    deployments::Deployments,
    logs::Logs,
    lost_volume::{LostVolume, LostVolumeNote, lost},
    open::Tab,
    settings::Settings,
};
use crate::{
    card::{CardChange, Face, RolloutMark, ServiceIcon},
    component::{Badge, CopyButton, Icon, Pigment, RelativeTime, StatusMark, Tab as TabHead, Tabs},
    live::{
        Desk, Live,
        watch::{use_live, use_select},
    },
    project::{face, menus},
    variables::{Scope, VariableTable},
};

#[derive(Properties, PartialEq)]
pub(super) struct ServicePanelProps {
    pub(super) id: ServiceId,
    pub(super) tab: Tab,
    pub(super) on_tab: Callback<Tab>,
    pub(super) on_close: Callback<()>,
}

#[derive(Clone, PartialEq)]
struct Seen {
    face: Option<Face>,
    group: Option<AttrValue>,
    host: AttrValue,
    variables: usize,
    lost: Option<LostVolume>,
    may_edit: bool,
}

fn seen(_: &Live, desk: &Desk, id: &ServiceId) -> Seen {
    let drawn = desk.picture();
    let service = drawn.as_ref().and_then(|drawn| drawn.service(*id));
    let group = service.and_then(|service| service.group);
    let groups = drawn.as_ref().map(|drawn| &drawn.whole.groups);
    Seen {
        face: face::face(desk, *id),
        group: group.and_then(|id| Some(groups?.get(&id)?.name.to_string().into())),
        host: service.map(|it| it.slug.to_string()).unwrap_or_default().into(),
        variables: service.map_or(0, |it| it.variables.len()),
        lost: lost(desk, *id),
        may_edit: desk.may_edit(),
    }
}

#[component]
pub(super) fn ServicePanel(props: &ServicePanelProps) -> Html {
    let ServicePanelProps { id, tab, on_tab, on_close } = props;
    let live = use_live();
    let seen = use_select(&live, *id, seen);
    let Some(face) = seen.face else { return Html::default() };
    let tabs = Tab::ALL
        .into_iter()
        .map(|tab| {
            let head = TabHead::new(tab.word(), tab.to_string());
            if tab == Tab::Variables && seen.variables > 0 {
                head.count(seen.variables)
            } else {
                head
            }
        })
        .collect::<Vec<_>>();
    let on_choose = on_tab.reform(|word: AttrValue| Tab::named(&word));
    html! {
        <>
            <header class="drawer-head">
                <span class="card-icon drawer-icon">
                    <ServiceIcon icon={face.icon.clone()} source={face.source.clone()} size={24} />
                </span>
                <div class="grow">
                    <h2 data-test="panel-name">{ &face.name }</h2>
                    <p class="row row--wrap small">
                        <span data-test="panel-status" title={face.reason.clone()}>
                            <StatusMark status={face.status} word={face.word.clone()} />
                        </span>
                        if let Some(rollout) = &face.rollout {
                            <RolloutMark rollout={rollout.clone()} />
                        } else if let Some(at) = face.since {
                            <span class="muted"><RelativeTime {at} /></span>
                        }
                        <span class="mono muted truncate">{ &face.source }</span>
                        if let Some(group) = &seen.group {
                            <span class="muted row"><Icon icon={LuFolder} size={12} />{ group }</span>
                        }
                    </p>
                    if let Some(reason) = face.reason.as_ref().filter(|_| seen.lost.is_none()) {
                        <p class="drawer-reason small">{ crate::api::sentence(reason) }</p>
                    }
                    <p class="row row--wrap small muted">
                        <span class="drawer-host">{ "Reached as" }</span>
                        <span class="drawer-address">
                            <code>{ &face.host }</code>
                            <CopyButton text={seen.host.clone()} />
                        </span>
                        { staged(face.staged) }
                    </p>
                </div>
            </header>
            if let Some(lost) = &seen.lost {
                <LostVolumeNote service={*id} lost={lost.clone()} may_edit={seen.may_edit} />
            }
            <div class="drawer-body" data-test={format!("tab-{}", tab.word())}>
                <Tabs label="Service" {tabs} chosen={tab.word()} {on_choose}>
                    { match tab {
                        Tab::Deployments => html! { <Deployments id={*id} {on_tab} /> },
                        Tab::Logs => html! { <Logs id={*id} /> },
                        Tab::Variables => html! { <Variables scope={Scope::Service(*id)} /> },
                        Tab::Settings => html! { <Settings id={*id} {on_close} /> },
                    } }
                </Tabs>
            </div>
        </>
    }
}

fn staged(staged: CardChange) -> Html {
    let (word, pigment) = match staged {
        CardChange::Nothing => return Html::default(),
        CardChange::New => ("New, not deployed yet", Pigment::Live),
        CardChange::Edited => ("Edits wait", Pigment::Staged),
        CardChange::Removed => ("To be removed", Pigment::Fail),
    };
    html! { <Badge {pigment}>{ word }</Badge> }
}

#[derive(Properties, PartialEq)]
pub(super) struct VariablesProps {
    pub(super) scope: Scope,
}

/// The table of variables, fed with what is known.
#[component]
pub(super) fn Variables(props: &VariablesProps) -> Html {
    let live = use_live();
    let picture = use_select(&live, (), |_, desk, ()| desk.picture());
    let refusal = menus::refusal(&live);
    // The table needs no more than the configuration: it is not drawn anew for a status.
    let snapshot = yew::use_memo(picture, |_| live.snapshot());
    match &*snapshot {
        Some(snapshot) => html! {
            <VariableTable snapshot={snapshot.clone()} scope={props.scope} {refusal} />
        },
        None => Html::default(),
    }
}
