//! A group, opened.

use domain::{Address, Content, Field, GroupId, Name, edit::Edit};
use icondata_lu::{LuFolder, LuLogOut, LuTrash2};
use yew::prelude::{Callback, Html, Properties, component, html};

use super::{
    open::{Open, Tab},
    service::Variables,
    setting::TextSetting,
};
use crate::{
    component::{Button, ButtonKind, Icon, IconButton},
    live::watch::{use_live_canvas, use_selector},
    project::staging::use_staging,
    variables::Scope,
};

#[derive(Properties, PartialEq)]
pub(super) struct GroupPanelProps {
    pub(super) id: GroupId,
    pub(super) on_go: Callback<Open>,
    pub(super) on_close: Callback<()>,
}

#[component]
pub(super) fn GroupPanel(props: &GroupPanelProps) -> Html {
    let GroupPanelProps { id, on_go, on_close } = props;
    let live = use_live_canvas();
    let actions = use_staging();
    let (model, may_edit) =
        use_selector(&live, (), |_, canvas, ()| (canvas.model(), canvas.may_edit()));
    let Some(model) = model else { return Html::default() };
    let Some(group) = model.whole.groups.get(id) else { return Html::default() };
    let members: Vec<_> =
        model.whole.services.iter().filter(|(_, service)| service.group == Some(*id)).collect();
    let remove = {
        let (actions, name, id, on_close) =
            (actions.clone(), group.name.to_string(), *id, on_close.clone());
        Callback::from(move |_| {
            actions.remove(Address::Group(id), &name);
            on_close.emit(());
        })
    };
    html! {
        <>
            <header class="drawer-head">
                <span class="card-icon drawer-icon"><Icon icon={LuFolder} size={24} /></span>
                <div class="grow">
                    <h2 data-test="panel-name">{ group.name.as_str() }</h2>
                    <p class="muted small">{ "A group: its services share its variables." }</p>
                </div>
            </header>
            <div class="drawer-body drawer-body--plain">
                <section class="settings-group">
                    <TextSetting id="group-name" label="Name" address={Address::GroupName(*id)} value={group.name.to_string()}
                        read={Callback::from(|text: String| {
                            Name::try_from(text).map(|name| Some(Content::Name(name))).map_err(|rule| rule.to_string())
                        })} />
                </section>
                <section class="settings-group">
                    <h3>{ "Services in it" }</h3>
                    if members.is_empty() {
                        <p class="muted">{ "None. Drag a service into its box, or choose the group in a service's settings." }</p>
                    }
                    <ul class="stack stack--tight">
                        { for members.into_iter().map(|(service, config)| {
                            let slug = config.slug.to_string();
                            let open = on_go.reform(move |_| Open::Service(slug.clone(), Tab::default()));
                            let (actions, service) = (actions.clone(), *service);
                            let leave = Callback::from(move |_| {
                                let address = Address::ServiceField(service, Field::Group);
                                actions.stage(vec![Edit::Clear { address }]);
                            });
                            html! {
                                <li key={service.to_string()} class="row">
                                    <button type="button" class="link-button" onclick={open}>{ config.name.as_str() }</button>
                                    <span class="grow" />
                                    if may_edit {
                                        <IconButton icon={LuLogOut} label={format!("Stage removal \
                                            of {} from the group", config.name)} onclick={leave} />
                                    }
                                </li>
                            }
                        }) }
                    </ul>
                </section>
                <section class="settings-group">
                    <h3>{ "Variables" }</h3>
                    <Variables scope={Scope::Group(*id)} />
                </section>
                if may_edit {
                    <section class="settings-group settings-group--danger">
                        <h3>{ "Delete" }</h3>
                        <p class="muted">{ "Its services stay, without its variables." }</p>
                        <div class="row">
                            <Button kind={ButtonKind::Danger} icon={LuTrash2} onclick={remove}>{ format!("Stage deletion of {}", group.name) }</Button>
                        </div>
                    </section>
                }
            </div>
        </>
    }
}
