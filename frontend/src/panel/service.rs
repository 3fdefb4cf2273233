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
    card::{CardChange, CardContent, RolloutMark, ServiceIcon},
    component::{Badge, Colour, CopyButton, Icon, Lasting, StatusMark, Tab as TabHead, Tabs},
    live::{
        CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
    project::{card_content, menus},
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
struct Selected {
    card_content: Option<CardContent>,
    group: Option<AttrValue>,
    host: AttrValue,
    variables: usize,
    lost: Option<LostVolume>,
    may_edit: bool,
}

fn selected(_: &LiveCanvas, canvas: &CanvasState, id: &ServiceId) -> Selected {
    let model = canvas.model();
    let service = model.as_ref().and_then(|model| model.service(*id));
    let group = service.and_then(|service| service.group);
    let groups = model.as_ref().map(|model| &model.whole.groups);
    Selected {
        card_content: card_content::card_content(canvas, *id),
        group: group.and_then(|id| Some(groups?.get(&id)?.name.to_string().into())),
        host: service.map(|it| it.slug.to_string()).unwrap_or_default().into(),
        variables: service.map_or(0, |it| it.variables.len()),
        lost: lost(canvas, *id),
        may_edit: canvas.may_edit(),
    }
}

#[component]
pub(super) fn ServicePanel(props: &ServicePanelProps) -> Html {
    let ServicePanelProps { id, tab, on_tab, on_close } = props;
    let live = use_live_canvas();
    let selected = use_selector(&live, *id, selected);
    let Some(card_content) = selected.card_content else { return Html::default() };
    let tabs = Tab::ALL
        .into_iter()
        .map(|tab| {
            let head = TabHead::new(tab.as_str(), tab.to_string());
            if tab == Tab::Variables && selected.variables > 0 {
                head.count(selected.variables)
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
                    <ServiceIcon icon={card_content.icon.clone()} source={card_content.source.clone()} size={24} />
                </span>
                <div class="grow">
                    <h2 data-test="panel-name">{ &card_content.name }</h2>
                    <p class="row row--wrap small">
                        <span data-test="panel-status" title={card_content.reason.clone()}>
                            <StatusMark status={card_content.status} word={card_content.word.clone()} />
                        </span>
                        if let Some(rollout) = &card_content.rollout {
                            <RolloutMark rollout={rollout.clone()} />
                        } else if let Some(since) = card_content.since {
                            <span class="muted"><Lasting {since} /></span>
                        }
                        <span class="mono muted truncate">{ &card_content.source }</span>
                        if let Some(group) = &selected.group {
                            <span class="muted row"><Icon icon={LuFolder} size={12} />{ group }</span>
                        }
                    </p>
                    if let Some(reason) = card_content.reason.as_ref().filter(|_| selected.lost.is_none()) {
                        <p class="drawer-reason small">{ crate::api::sentence(reason) }</p>
                    }
                    <p class="row row--wrap small muted">
                        <span class="drawer-host">{ "Private address" }</span>
                        <span class="drawer-address">
                            <code>{ &card_content.host }</code>
                            <CopyButton text={selected.host.clone()} />
                        </span>
                        { staged(card_content.staged) }
                    </p>
                </div>
            </header>
            if let Some(lost) = &selected.lost {
                <LostVolumeNote service={*id} lost={lost.clone()} may_edit={selected.may_edit} />
            }
            <div class="drawer-body" data-test={format!("tab-{}", tab.as_str())}>
                <Tabs label="Service" {tabs} chosen={tab.as_str()} {on_choose}>
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
    let (word, colour) = match staged {
        CardChange::Nothing => return Html::default(),
        CardChange::New => ("New, not deployed yet", Colour::Live),
        CardChange::Edited => ("Changes staged", Colour::Staged),
        CardChange::Removed => ("To be deleted", Colour::Fail),
    };
    html! { <Badge {colour}>{ word }</Badge> }
}

#[derive(Properties, PartialEq)]
pub(super) struct VariablesProps {
    pub(super) scope: Scope,
}

/// The table of variables, fed with what is known.
#[component]
pub(super) fn Variables(props: &VariablesProps) -> Html {
    let live = use_live_canvas();
    let model = use_selector(&live, (), |_, canvas, ()| canvas.model());
    let refusal = menus::refusal(&live);
    // The table needs no more than the configuration: it is not drawn anew for a status.
    let snapshot = yew::use_memo(model, |_| live.snapshot());
    match &*snapshot {
        Some(snapshot) => html! {
            <VariableTable snapshot={snapshot.clone()} scope={props.scope} {refusal} />
        },
        None => Html::default(),
    }
}
