//! The volumes of a service, and where they appear in it.

use domain::{Address, Content, MountPath, ServiceId, VolumeId, edit::Edit};
use icondata_lu::{LuHardDrive, LuPlus, LuUnplug};
use yew::prelude::{AttrValue, Callback, Html, Properties, component, html, use_state_eq};

use super::setting::TextSetting;
use crate::{
    component::{Button, Choice, Icon, IconButton, Select},
    live::Picture,
    project::{
        add::{Add, Adding},
        deeds::use_deeds,
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct MountsProps {
    pub(super) id: ServiceId,
    pub(super) drawn: Picture,
    pub(super) may_edit: bool,
}

#[component]
pub(super) fn Mounts(props: &MountsProps) -> Html {
    let MountsProps { id, drawn, may_edit } = props;
    let deeds = use_deeds();
    let is_adding = use_state_eq(|| false);
    let Some(service) = drawn.service(*id) else { return Html::default() };
    let mut loose = vec![Choice::new("", "Mount a volume that exists")];
    let free = drawn.whole.volumes.iter().filter(|(volume, _)| drawn.mounted(**volume).is_none());
    loose.extend(free.map(|(volume, it)| Choice::new(volume.to_string(), it.name.to_string())));
    let mount = {
        let (deeds, id) = (deeds.clone(), *id);
        Callback::from(move |text: String| {
            let Ok(volume) = text.parse::<VolumeId>() else { return };
            let Ok(path) = MountPath::try_from("/data") else { return };
            let address = Address::ServiceMount(id, volume);
            deeds.stage(vec![Edit::Set { address, content: Content::MountPath(path) }]);
        })
    };
    let name = |volume: &VolumeId| -> AttrValue {
        let known = drawn.whole.volumes.get(volume).or_else(|| drawn.base.volumes.get(volume));
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
                    let (deeds, address) = (deeds.clone(), address.clone());
                    Callback::from(move |_| deeds.stage(vec![Edit::Clear { address: address.clone() }]))
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
                            <IconButton icon={LuUnplug} label={format!("Unmount {}", name(volume))} onclick={unmount} />
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
                            <Select id="mount-existing" label="Mount a volume that exists" label_hidden=true value=""
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
