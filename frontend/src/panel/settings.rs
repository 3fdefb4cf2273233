//! The settings of a service, each saved by itself.

use std::rc::Rc;

use domain::{Address, Field, Map, Service, ServiceId, Setting, field::Section, setting::Input};
use icondata_lu::{LuTrash2, LuUndo2};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html};

use super::{
    check::CheckSetting,
    mounts::Mounts,
    setting::{ChoiceSetting, Read, TextSetting},
};
use crate::{
    card::CardChange,
    component::{Button, ButtonKind, Choice},
    live::{
        CanvasModel, CanvasState, LiveCanvas,
        watch::{use_live_canvas, use_selector},
    },
    project::{menus, staging::use_staging},
};

#[derive(Properties, PartialEq)]
pub(super) struct SettingsProps {
    pub(super) id: ServiceId,
    pub(super) on_close: Callback<()>,
}

fn selected(_: &LiveCanvas, canvas: &CanvasState, _: &ServiceId) -> (Option<CanvasModel>, bool) {
    (canvas.model(), canvas.may_edit())
}

#[component]
pub(super) fn Settings(props: &SettingsProps) -> Html {
    let live = use_live_canvas();
    let actions = use_staging();
    let (model, may_edit) = use_selector(&live, props.id, selected);
    let Some(model) = model else { return Html::default() };
    let id = props.id;
    let Some(service) = model.service(id) else { return Html::default() };
    let mark = model.mark(id);
    if mark == CardChange::Removed {
        let change = model.change(&Address::Service(id)).map(|change| change.id);
        return html! {
            <div class="stack">
                <p>{ format!("{} will be deleted when you apply.", service.name) }</p>
                if may_edit {
                    <div class="row">
                        <Button icon={LuUndo2} onclick={Callback::from(move |_| actions.discard(change.into_iter().collect(), None))}>
                            { format!("Discard deletion of {}", service.name) }
                        </Button>
                    </div>
                }
            </div>
        };
    }
    // What is typed is read with regard to what stands there; variables have no say in it.
    let bare = Rc::new(Service { variables: Map::new(), ..service.clone() });
    let remove = {
        let (actions, name) = (actions.clone(), service.name.to_string());
        let on_close = props.on_close.clone();
        Callback::from(move |_| {
            actions.remove(Address::Service(id), &name);
            if mark == CardChange::New {
                on_close.emit(());
            }
        })
    };
    let refusal = menus::refusal(&live);
    html! {
        <div class="settings">
            if let Some(refusal) = refusal {
                <p class="note">{ refusal }</p>
            } else {
                <p class="muted small">{ "Each setting is staged by itself, and waits on the \
                    canvas until it is applied." }</p>
            }
            { for Section::ALL.map(|section| html! {
                <section class="settings-group">
                    <h3>{ section.heading() }</h3>
                    { for Setting::all()
                        .filter(|setting| setting.section() == section)
                        .map(|setting| row(setting, id, &bare, &model, may_edit)) }
                </section>
            }) }
            <section class="settings-group">
                <h3>{ "Volumes" }</h3>
                <Mounts {id} model={model.clone()} {may_edit} />
            </section>
            if may_edit {
                <section class="settings-group settings-group--danger">
                    <h3>{ "Delete" }</h3>
                    <p class="muted">{ "It stops and is deleted when you apply. Its volumes and \
                        their data stay." }</p>
                    <div class="row" data-test="delete-service">
                        <Button kind={ButtonKind::Danger} icon={LuTrash2} onclick={remove}>
                            { format!("Stage deletion of {}", service.name) }
                        </Button>
                    </div>
                </section>
            }
        </div>
    }
}

/// One setting, by the way in which it is typed.
fn row(
    setting: &'static Setting,
    service: ServiceId,
    config: &Rc<Service>,
    model: &CanvasModel,
    may_edit: bool,
) -> Html {
    let read: Read = Callback::from({
        let config = config.clone();
        move |text: String| setting.read(&config, &text).map_err(|rule| rule.to_string())
    });
    let address = Address::ServiceField(service, setting.field);
    let value = setting.show(config);
    let first = Setting::all().find(|it| it.field == setting.field);
    let unmarked = first.is_none_or(|first| first.word != setting.word);
    match setting.input {
        Input::HealthCheck => html! {
            <CheckSetting key={value} id={service} check={config.check.clone()} {may_edit} />
        },
        // There is nothing to choose yet: no image to pull, no group to lie in.
        Input::Choice(_) if value.is_empty() => Html::default(),
        Input::Group if model.whole.groups.is_empty() => Html::default(),
        Input::Choice(choices) => {
            let choices = choices.iter().map(|(word, label)| Choice::new(*word, *label));
            let choices: Vec<Choice> = choices.collect();
            html! {
                <ChoiceSetting id={setting.word} label={setting.label} hint={setting.help} {address} {value}
                    {choices} {read} {unmarked} />
            }
        }
        Input::Group => {
            let groups = model.whole.groups.iter();
            let groups =
                groups.map(|(id, group)| Choice::new(id.to_string(), group.name.to_string()));
            let choices: Vec<Choice> =
                [Choice::new("", setting.empty)].into_iter().chain(groups).collect();
            html! {
                <ChoiceSetting id={setting.word} label={setting.label} hint={setting.help} {address} {value}
                    {choices} {read} />
            }
        }
        Input::Text | Input::Machine | Input::Number | Input::List => html! {
            <TextSetting id={setting.word} label={setting.label} {address} {value} {read}
                placeholder={setting.empty} hint={hint(setting, config)} {unmarked}
                mono={matches!(setting.input, Input::Machine | Input::List)}
                kind={if setting.input == Input::Number { "number" } else { "text" }} />
        },
    }
}

/// What a setting is, and by example how it is typed.
fn hint(setting: &Setting, config: &Service) -> AttrValue {
    match setting.field {
        Field::Name => {
            format!("{} Its private address stays {}.", setting.help, config.slug).into()
        }
        _ if setting.example.is_empty() => setting.help.into(),
        _ => format!("{} For example {}.", setting.help, setting.example).into(),
    }
}
