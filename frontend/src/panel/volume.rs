//! A volume, opened.

use domain::{Address, Content, MountPath, Name, VolumeId};
use icondata_lu::{LuHardDrive, LuTrash2, LuUndo2};
use yew::prelude::{Callback, Html, Properties, component, html};

use super::{
    open::{Open, Tab},
    setting::TextSetting,
};
use crate::{
    card::CardChange,
    component::{Button, ButtonKind, Icon},
    live::watch::{use_live_canvas, use_selector},
    project::staging::use_staging,
};

#[derive(Properties, PartialEq)]
pub(super) struct VolumePanelProps {
    pub(super) id: VolumeId,
    pub(super) on_go: Callback<Open>,
}

#[component]
pub(super) fn VolumePanel(props: &VolumePanelProps) -> Html {
    let VolumePanelProps { id, on_go } = props;
    let live = use_live_canvas();
    let actions = use_staging();
    let (model, may_edit) =
        use_selector(&live, (), |_, canvas, ()| (canvas.model(), canvas.may_edit()));
    let Some(model) = model else { return Html::default() };
    let known = model.whole.volumes.get(id).or_else(|| model.base.volumes.get(id));
    let Some(volume) = known else { return Html::default() };
    let name = volume.name.to_string();
    let is_going = model.volume_mark(*id) == CardChange::Removed;
    let remove = {
        let (actions, name, id) = (actions.clone(), name.clone(), *id);
        Callback::from(move |_| actions.remove(Address::Volume(id), &name))
    };
    let keep = {
        let change = model.change(&Address::Volume(*id)).map(|change| change.id);
        let actions = actions.clone();
        Callback::from(move |_| actions.discard(change.into_iter().collect(), None))
    };
    html! {
        <>
            <header class="drawer-head">
                <span class="card-icon drawer-icon"><Icon icon={LuHardDrive} size={24} /></span>
                <div class="grow">
                    <h2 data-test="panel-name">{ &name }</h2>
                    <p class="muted small">{ "A volume: its data outlives containers." }</p>
                </div>
            </header>
            <div class="drawer-body drawer-body--plain">
                if is_going {
                    <section class="settings-group settings-group--danger">
                        <p>{ format!("Easel forgets {name} when you apply, and cannot restore it. \
                            Its data stays in the engine until somebody removes it there.") }</p>
                        if may_edit {
                            <div class="row"><Button icon={LuUndo2} onclick={keep}>{ format!("Discard deletion of {name}") }</Button></div>
                        }
                    </section>
                } else {
                    <section class="settings-group">
                        <TextSetting id="volume-name" label="Name" address={Address::VolumeName(*id)} value={name.clone()}
                            read={Callback::from(|text: String| {
                                Name::try_from(text).map(|name| Some(Content::Name(name))).map_err(|rule| rule.to_string())
                            })} />
                    </section>
                    <section class="settings-group">
                        <h3>{ "Mounted" }</h3>
                        if let Some((service, config)) = model.mounted(*id) {
                            <p class="row">
                                { "In" }
                                <button type="button" class="link-button" onclick={on_go.reform({
                                    let slug = config.slug.to_string();
                                    move |_| Open::Service(slug.clone(), Tab::Settings)
                                })}>{ config.name.as_str() }</button>
                            </p>
                            <TextSetting id="volume-path" label="At" mono=true address={Address::ServiceMount(service, *id)}
                                value={config.mounts.get(id).map(ToString::to_string).unwrap_or_default()}
                                read={Callback::from(|text: String| {
                                    MountPath::try_from(text.trim())
                                        .map(|path| Some(Content::MountPath(path)))
                                        .map_err(|rule| rule.to_string())
                                })} />
                        } else {
                            <p class="muted">{ "Nowhere. Mount it in a service's settings." }</p>
                        }
                    </section>
                    if may_edit {
                        <section class="settings-group settings-group--danger">
                            <h3>{ "Delete" }</h3>
                            <p class="muted">{ "Easel then forgets it and cannot restore it. Its \
                                data stays in the engine until somebody removes it there." }</p>
                            <div class="row">
                                <Button kind={ButtonKind::Danger} icon={LuTrash2} onclick={remove}>{ format!("Stage deletion of {name}") }</Button>
                            </div>
                        </section>
                    }
                }
            </div>
        </>
    }
}
