//! A volume that the engine has lost: what can be done about it.

use domain::{
    Address, MountPath, Name, ServiceId, VolumeId,
    edit::{Edit, NewMount},
    rollout::VOLUME_MISSING,
};
use icondata_lu::{LuHardDrive, LuTriangleAlert, LuUnplug};
use yew::prelude::{Callback, Html, Properties, component, html};

use crate::{
    component::{Button, ButtonKind, Icon},
    live::CanvasState,
    project::staging::use_staging,
};

/// Which volume it is that keeps a service from running.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LostVolume {
    id: VolumeId,
    name: Name,
    path: MountPath,
}

/// The volume that is missing, unless its end is staged already.
pub(super) fn lost(canvas: &CanvasState, id: ServiceId) -> Option<LostVolume> {
    let why = canvas.state(id)?.why.as_ref()?;
    if !why.contains(VOLUME_MISSING) {
        return None;
    }
    let model = canvas.model()?;
    let mounts = &model.whole.services.get(&id)?.mounts;
    let (volume, path) = mounts.iter().find(|(volume, _)| why.contains(&volume.to_string()))?;
    let name = model.whole.volumes.get(volume)?.name.clone();
    Some(LostVolume { id: *volume, name, path: path.clone() })
}

#[derive(Properties, PartialEq)]
pub(super) struct LostVolumeNoteProps {
    pub(super) service: ServiceId,
    pub(super) lost: LostVolume,
    pub(super) may_edit: bool,
}

#[component]
pub(super) fn LostVolumeNote(props: &LostVolumeNoteProps) -> Html {
    let actions = use_staging();
    let LostVolume { id, name, path } = &props.lost;
    let stage = |edits: Vec<Edit>| {
        let actions = actions.clone();
        Callback::from(move |_| actions.stage(edits.clone()))
    };
    let anew = stage(vec![
        Edit::Clear { address: Address::Volume(*id) },
        Edit::CreateVolume {
            name: name.clone(),
            mount: Some(NewMount { service: props.service, path: path.clone() }),
        },
    ]);
    let unmount = stage(vec![Edit::Clear { address: Address::ServiceMount(props.service, *id) }]);
    html! {
        <section class="lost" role="alert" data-test="lost-volume">
            <p class="lost-title"><Icon icon={LuTriangleAlert} />{ format!("The data of {name} is gone from the engine") }</p>
            <p class="small">
                { "It held data, so Easel puts no empty volume in its place by itself. Restore it in the engine under the name that ends in " }
                <code>{ id.to_string() }</code>
                { " and the service starts by itself. Or go on without the data:" }
            </p>
            if props.may_edit {
                <div class="row row--wrap">
                    <Button icon={LuHardDrive} onclick={anew}>{ "Stage an empty volume" }</Button>
                    <Button kind={ButtonKind::Bare} icon={LuUnplug} onclick={unmount}>{ format!("Stage unmount of {name}") }</Button>
                </div>
            }
        </section>
    }
}
