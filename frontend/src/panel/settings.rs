//! The settings of a service, each saved by itself.

use domain::{
    Address, Command, Content, Field, GroupId, IconUrl, ImageRef, Limits, Name, PullPolicy,
    Replicas, Service, ServiceId, Source, Strategy,
};
use icondata_lu::{LuTrash2, LuUndo2};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html};

use super::{
    check::CheckSetting,
    mounts::Mounts,
    setting::{ChoiceSetting, Read, TextSetting},
};
use crate::{
    card::Staged,
    component::{Button, ButtonKind, Choice},
    live::{Desk, Live, Picture, use_live, use_select},
    number::{read_thousandths, thousandths},
    project::{add::pull_choices, deeds::use_deeds, menus, words},
};

#[derive(Properties, PartialEq)]
pub(super) struct SettingsProps {
    pub(super) id: ServiceId,
    pub(super) on_close: Callback<()>,
}

fn seen(_: &Live, desk: &Desk, _: &ServiceId) -> (Option<Picture>, bool) {
    (desk.picture(), desk.may_edit())
}

/// Reads text by one of the domain's own parsers; nothing typed means nothing there.
fn read(parse: impl Fn(&str) -> Result<Content, String> + 'static) -> Read {
    Callback::from(move |text: String| match text.trim() {
        "" => Ok(None),
        text => parse(text).map(Some),
    })
}

/// The same, where something must be there.
fn required(parse: impl Fn(&str) -> Result<Content, String> + 'static) -> Read {
    Callback::from(move |text: String| parse(text.trim()).map(Some))
}

#[component]
pub(super) fn Settings(props: &SettingsProps) -> Html {
    let live = use_live();
    let deeds = use_deeds();
    let (picture, may_edit) = use_select(&live, props.id, seen);
    let Some(drawn) = picture else { return Html::default() };
    let id = props.id;
    let Some(service) = drawn.service(id) else { return Html::default() };
    let mark = drawn.mark(id);
    if mark == Staged::Removed {
        let change = drawn.change(&Address::Service(id)).map(|change| change.id);
        return html! {
            <div class="stack">
                <p>{ format!("{} will be removed when you apply.", service.name) }</p>
                if may_edit {
                    <div class="row">
                        <Button icon={LuUndo2} onclick={Callback::from(move |_| deeds.discard(change.into_iter().collect(), None))}>
                            { format!("Keep {}", service.name) }
                        </Button>
                    </div>
                }
            </div>
        };
    }
    let at = |field| Address::ServiceField(id, field);
    let pull = match &service.source {
        Source::Image { pull, .. } => *pull,
        Source::Empty => PullPolicy::Missing,
    };
    let image = service.source.image().cloned();
    let remove = {
        let (deeds, name) = (deeds.clone(), service.name.to_string());
        let on_close = props.on_close.clone();
        Callback::from(move |_| {
            deeds.remove(Address::Service(id), &name);
            if mark == Staged::New {
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
                <p class="muted small">{ "Each setting is saved by itself. What is saved waits on the canvas until it is applied." }</p>
            }
            <section class="settings-group">
                <h3>{ "Service" }</h3>
                <TextSetting id="name" label="Name" address={at(Field::Name)} value={service.name.to_string()}
                    hint={format!("Others still reach it as {}.", service.slug)}
                    read={required(|text| Name::try_from(text).map(Content::Name).map_err(|rule| rule.to_string()))} />
                <TextSetting id="icon" label="Icon" address={at(Field::Icon)} mono=true
                    value={service.icon.as_ref().map(ToString::to_string).unwrap_or_default()}
                    placeholder="https://example.org/icon.svg" hint="The https address of a picture. Empty: by its image."
                    read={read(|text| IconUrl::try_from(text).map(Content::Icon).map_err(|rule| rule.to_string()))} />
                { group(&drawn, id, service) }
            </section>
            <section class="settings-group">
                <h3>{ "What runs" }</h3>
                <TextSetting id="image" label="Image" address={at(Field::Source)} mono=true
                    value={image.as_ref().map(ToString::to_string).unwrap_or_default()} placeholder="nginx:1.29"
                    hint="Empty: it stays on the canvas and does not run."
                    read={read(move |text| {
                        let image = ImageRef::try_from(text).map_err(|rule| rule.to_string())?;
                        Ok(Content::Source(Source::Image { image, pull }))
                    })} />
                if let Some(image) = image {
                    <ChoiceSetting id="pull" label="Ask the registry" address={at(Field::Source)} unmarked=true
                        choices={pull_choices()} value={match pull {
                            PullPolicy::Missing => "missing",
                            PullPolicy::Always => "always",
                            PullPolicy::Never => "never",
                        }}
                        read={required(move |text| {
                            let pull = match text {
                                "always" => PullPolicy::Always,
                                "never" => PullPolicy::Never,
                                _ => PullPolicy::Missing,
                            };
                            Ok(Content::Source(Source::Image { image: image.clone(), pull }))
                        })} />
                }
                <TextSetting id="command" label="Command" address={at(Field::Command)} mono=true
                    value={service.command.as_ref().map(Command::to_line).unwrap_or_default()}
                    hint="In place of the image's own. Split at blanks; quotes group; no shell reads it."
                    read={read(|text| Command::parse(text).map(Content::Command).map_err(|rule| rule.to_string()))} />
                <TextSetting id="ports" label="Ports" address={at(Field::Ports)} mono=true
                    value={words::ports(&service.ports)} placeholder="80, 53/udp" hint="The first one is the main one."
                    read={read(|text| words::read_ports(text).map(Content::Ports))} />
            </section>
            { scale(id, service) }
            <section class="settings-group">
                <h3>{ "Deploying" }</h3>
                <ChoiceSetting id="strategy" label="Strategy" address={at(Field::Strategy)}
                    hint="How a new deployment takes over from the old one."
                    value={match service.strategy {
                        Strategy::Automatic => "automatic",
                        Strategy::StartFirst => "start_first",
                        Strategy::StopFirst => "stop_first",
                    }}
                    choices={vec![
                        Choice::new("automatic", "Automatic: stop first if a volume is mounted"),
                        Choice::new("start_first", "Start first: the new one is ready before the old one stops"),
                        Choice::new("stop_first", "Stop first: never two at once"),
                    ]}
                    read={required(|text| Ok(Content::Strategy(match text {
                        "start_first" => Strategy::StartFirst,
                        "stop_first" => Strategy::StopFirst,
                        _ => Strategy::Automatic,
                    })))} />
                <CheckSetting key={words::check(&service.check)} {id} check={service.check.clone()} {may_edit} />
            </section>
            <section class="settings-group">
                <h3>{ "Volumes" }</h3>
                <Mounts {id} drawn={drawn.clone()} {may_edit} />
            </section>
            if may_edit {
                <section class="settings-group settings-group--danger">
                    <h3>{ "Remove" }</h3>
                    <p class="muted">{ "It stops and goes when you apply. Its volumes and their data stay." }</p>
                    <div class="row" data-test="delete-service">
                        <Button kind={ButtonKind::Danger} icon={LuTrash2} onclick={remove}>
                            { format!("Remove {}", service.name) }
                        </Button>
                    </div>
                </section>
            }
        </div>
    }
}

fn group(drawn: &Picture, id: ServiceId, service: &Service) -> Html {
    let mut choices = vec![Choice::new("", "No group")];
    let known = drawn.whole.groups.iter();
    choices.extend(known.map(|(id, group)| Choice::new(id.to_string(), group.name.to_string())));
    if choices.len() == 1 {
        return Html::default();
    }
    html! {
        <ChoiceSetting id="group" label="Group" address={Address::ServiceField(id, Field::Group)} {choices}
            value={AttrValue::from(service.group.map(|group| group.to_string()).unwrap_or_default())}
            hint="It inherits the group's variables."
            read={read(|text| {
                text.parse::<GroupId>().map(Content::GroupId).map_err(|_| "is no group".to_owned())
            })} />
    }
}

fn scale(id: ServiceId, service: &Service) -> Html {
    let at = |field| Address::ServiceField(id, field);
    let limits = service.limits;
    let (memory, cpu, shares) = (limits.memory_mb(), limits.cpu_millis(), limits.cpu_shares());
    let bounded = move |memory, cpu| {
        let limits = Limits::new(memory, cpu, shares).map_err(|rule| rule.to_string())?;
        // No limit of any kind is the same as nothing there.
        Ok((limits != Limits::default()).then_some(Content::Limits(limits)))
    };
    html! {
        <section class="settings-group">
            <h3>{ "Size" }</h3>
            <TextSetting id="replicas" label="Replicas" address={at(Field::Replicas)} kind="number"
                value={service.replicas.count().to_string()} hint="0 stops it."
                read={required(|text| {
                    let count: u16 = text.parse().map_err(|_| "must be a number from 0 to 100".to_owned())?;
                    Replicas::try_from(count).map(Content::Replicas).map_err(|rule| rule.to_string())
                })} />
            <TextSetting id="memory" label="Memory, in MiB" address={at(Field::Limits)} kind="number"
                value={memory.map(|it| it.to_string()).unwrap_or_default()} placeholder="No limit of its own"
                read={Callback::from(move |text: String| match text.trim() {
                    "" => bounded(None, cpu),
                    text => match text.parse() {
                        Ok(memory @ 6..=1_048_576) => bounded(Some(memory), cpu),
                        _ => Err("must be a whole number from 6 to 1048576".to_owned()),
                    },
                })} />
            <TextSetting id="cpu" label="CPUs" address={at(Field::Limits)}
                value={cpu.map(thousandths).unwrap_or_default()}
                placeholder="No limit of its own" hint="0.5 is half of one core."
                read={Callback::from(move |text: String| match text.trim() {
                    "" => bounded(memory, None),
                    text => match read_thousandths(text) {
                        Some(millis @ 10..=1_000_000) => bounded(memory, Some(millis)),
                        _ => Err("must be a number from 0.01 to 1000, such as 0.5".to_owned()),
                    },
                })} />
        </section>
    }
}
