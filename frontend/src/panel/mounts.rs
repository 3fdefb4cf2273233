//! The volumes of a service, and where they appear in it.

use domain::{Address, Content, MountPath, ServiceId, VolumeId, edit::Edit};
use icondata_lu::{LuHardDrive, LuPlus, LuUnplug};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use super::setting::TextSetting;
use crate::{
    component::{Button, Choice, Icon, IconButton, Select},
    live::CanvasModel,
    project::{
        add::{Add, Adding},
        staging::use_staging,
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct MountsProps {
    pub(super) id: ServiceId,
    pub(super) model: CanvasModel,
    pub(super) may_edit: bool,
}

#[component]
pub(super) fn Mounts(props: &MountsProps) -> Html {
    let MountsProps { id, model, may_edit } = props;
    let actions = use_staging();
    let is_adding = use_state_eq(|| false);
    let Some(service) = model.service(*id) else { return Html::default() };
    let mut loose = vec![Choice::new("", "Stage mount of an existing volume")];
    let free = model.whole.volumes.iter().filter(|(volume, _)| model.mounted(**volume).is_none());
    loose.extend(free.map(|(volume, it)| Choice::new(volume.to_string(), it.name.to_string())));
    let mount = {
        let (actions, id) = (actions.clone(), *id);
        Callback::from(move |text: String| {
            let Ok(volume) = text.parse::<VolumeId>() else { return };
            let Ok(path) = MountPath::try_from("/data") else { return };
            let address = Address::ServiceMount(id, volume);
            actions.stage(vec![Edit::Set { address, content: Content::MountPath(path) }]);
        })
    };
    let name = |volume: &VolumeId| -> AttrValue {
        let known = model.whole.volumes.get(volume).or_else(|| model.base.volumes.get(volume));
        known.map_or_else(|| "A volume".into(), |volume| volume.name.to_string().into())
    };
    html! {
        <div class="stack">
            if service.mounts.is_empty() {
                <p class="muted">{ "None. What it writes is gone with its container." }</p>
            }
            { for service.mounts.iter().map(|(volume, path)| {
                let address = Address::ServiceMount(*id, *volume);
                let unmount = {
                    let (actions, address) = (actions.clone(), address.clone());
                    Callback::from(move |_| actions.stage(vec![Edit::Clear { address: address.clone() }]))
                };
                html! {
                    <div key={volume.to_string()} class="mount">
                        <Icon icon={LuHardDrive} />
                        <div class="grow">
                            <TextSetting id={format!("mount-{volume}")} label={name(volume)} {address} mono=true
                                value={path.to_string()}
                                read={Callback::from(|text: String| {
                                    MountPath::try_from(text.trim())
                                        .map(|path| Some(Content::MountPath(path)))
                                        .map_err(|rule| rule.to_string())
                                })} />
                        </div>
                        if *may_edit {
                            <IconButton icon={LuUnplug} label={format!("Stage unmount of {}", name(volume))} onclick={unmount} />
                        }
                    </div>
                }
            }) }
            if *may_edit {
                <div class="row row--wrap">
                    <Button icon={LuPlus} onclick={Callback::from({ let adding = is_adding.setter(); move |_| adding.set(true) })}>
                        { "Add volume" }
                    </Button>
                    if loose.len() > 1 {
                        <div class="grow">
                            <Select id="mount-existing" label="Stage mount of an existing volume" label_hidden=true value=""
                                choices={loose} on_change={mount} />
                        </div>
                    }
                </div>
            }
            if *is_adding {
                <Add adding={Adding::Volume(Some(*id))}
                    on_close={Callback::from({ let adding = is_adding.setter(); move |()| adding.set(false) })} />
            }
        </div>
    }
}
