//! What every [`Changes`](crate::changes::Changes) promises of staging.

use super::{
    Store,
    desk::{Desk, is_taken, name, new_service, own, variable},
};
use crate::{
    Address, Content, Error, Field, GroupId, IconUrl, Resource, ServiceId, VolumeId,
    edit::{Edit, NewMount},
    event::Event,
};
use uuid::Uuid;

/// Tests that a [`Changes`](crate::changes::Changes) keeps its promises.
#[macro_export]
macro_rules! changes_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            staging,
            $store,
            [
                what_is_staged_waits_and_changes_nothing,
                a_staged_create_has_its_final_id,
                a_name_is_taken_by_what_is_staged_too,
                a_staged_rename_or_delete_frees_a_name,
                a_rename_to_its_own_name_is_no_change,
                an_icon_is_set_and_cleared,
                edits_are_numbered_in_order_and_never_twice,
                a_list_of_edits_is_staged_whole_or_not_at_all,
                staging_twice_with_one_key_is_staging_once,
                what_does_not_exist_cannot_be_edited,
                moves_between_groups_come_to_one_change,
                a_deleted_group_keeps_its_services,
                a_deleted_volume_is_unmounted,
                edits_of_somebody_else_at_one_address_are_one_change,
                things_of_another_environment_do_not_exist_here,
            ]
        );
        $crate::contract_claims!(
            variables,
            $store,
            [
                the_later_scope_wins,
                a_variable_is_made_changed_and_removed_in_every_scope,
                an_empty_value_is_a_value,
                a_key_is_taken_by_what_is_staged_too,
                a_new_value_brings_no_variable_back,
                a_service_that_is_only_staged_has_variables,
                a_rename_breaks_no_reference,
                a_change_redeploys_exactly_who_uses_it,
                leaving_a_group_redeploys_who_used_its_variables,
                deleting_a_group_redeploys_who_used_its_variables,
                deleting_a_group_takes_staged_edits_of_its_variables_along,
                a_variable_deleted_twice_or_edited_after_blocks_nothing,
                a_value_is_kept_exactly,
                revealing_is_audited_and_sealed_values_are_refused,
                a_sealed_value_gives_no_answer_to_a_guess,
            ]
        );
        $crate::contract_claims!(
            discarding,
            $store,
            [
                discarding_all_leaves_what_is_applied,
                one_change_is_discarded_alone,
                discarding_a_staged_service_takes_its_edits_along,
                more_than_was_seen_is_not_discarded,
                what_is_not_staged_any_more_cannot_be_discarded,
                a_discard_is_undone,
                an_old_discard_cannot_be_undone,
                an_undo_that_clashes_is_refused,
                a_conflict_ends_with_mine,
                a_conflict_ends_with_theirs,
                an_end_is_taken_back,
                an_edit_comes_back_only_to_what_it_is_part_of,
                what_was_discarded_meanwhile_still_conflicts,
            ]
        );
        $crate::contract_claims!(
            applying,
            $store,
            [
                an_apply_says_what_it_did,
                an_empty_apply_makes_no_revision,
                a_failed_apply_changes_nothing,
                an_apply_names_what_it_needs,
                a_part_is_applied_and_the_rest_waits,
                what_was_edited_since_is_not_applied,
                up_to_leaves_what_came_later,
                up_to_leaves_what_was_brought_back_since,
                a_conflict_shows_both_values,
                of_two_applies_at_once_one_wins,
                applying_twice_with_one_key_is_applying_once,
                an_edit_of_what_was_deleted_before_is_no_dead_end,
                a_deletion_conflicts_with_what_was_changed_within,
                a_direct_write_is_one_revision,
                a_direct_write_leaves_what_others_have_staged,
                a_direct_write_minds_staged_names,
                a_direct_write_can_deploy_the_same_again,
                revisions_are_kept_newest_first,
            ]
        );
        $crate::contract_claims!(
            crowd,
            $store,
            [whoever_works_at_once_nothing_is_lost_or_done_twice,]
        );
    };
}

/// DK-35.
pub async fn what_is_staged_waits_and_changes_nothing(store: Store) {
    let desk = Desk::open(store).await;
    let mut new = new_service("web");
    new.variables.insert(
        "A".parse().expect("this is a key"),
        crate::edit::NewVariable { value: super::SECRET.into(), sealed: false },
    );

    let service = desk.staged(Edit::CreateService(Box::new(new))).await;

    let workspace = desk.workspace().await;
    assert!(workspace.spec.services.is_empty());
    assert!(workspace.staged().services.contains_key(&service));
    let events = desk.events().await;
    assert!(matches!(
        &events[0].event,
        Event::Staged { by, edits } if *by == desk.by.actor.user && edits.len() == 1
    ));
    desk.close().await;
}

/// DK-78.
pub async fn a_staged_create_has_its_final_id(store: Store) {
    let desk = Desk::open(store).await;
    let service = desk.staged_service("web").await;
    desk.variable(own(service, "A"), "1").await;
    desk.set(Address::ServiceField(service, Field::Name), Content::Name(name("api"))).await;

    let applied = desk.apply_all().await;

    assert_eq!(applied.created, [service]);
    assert_eq!(desk.spec().await.services[&service].name, name("api"));
    assert_eq!(desk.environment_of(service).await["A"], "1");
    desk.close().await;
}

/// DK-38.
pub async fn a_name_is_taken_by_what_is_staged_too(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("Web").await;
    desk.staged_service("db").await;
    let create = |text| Edit::CreateService(Box::new(new_service(text)));

    assert!(is_taken(&desk.try_stage(create("WEB")).await));
    assert!(is_taken(&desk.try_stage(create("DB")).await));
    let address = Address::ServiceField(web, Field::Name);
    let rename = Edit::Set { address, content: Content::Name(name("Db")) };
    assert!(is_taken(&desk.try_stage(rename).await));

    assert_eq!(desk.changes().await.len(), 1, "nothing of it was staged");
    desk.close().await;
}

/// DK-38, DK-39.
pub async fn a_staged_rename_or_delete_frees_a_name(store: Store) {
    let desk = Desk::open(store).await;
    let (web, db) = (desk.service("web").await, desk.service("db").await);
    desk.set(Address::ServiceField(web, Field::Name), Content::Name(name("site"))).await;
    desk.clear(Address::Service(db)).await;
    let ends = desk.waiting().await;
    let site = Edit::CreateService(Box::new(new_service("Site")));
    assert!(is_taken(&desk.try_stage(site).await), "a staged rename takes one, too");

    desk.staged_service("web").await;
    desk.staged_service("db").await;
    let news: Vec<_> =
        desk.waiting().await.into_iter().filter(|change| !ends.contains(change)).collect();
    let early = desk.try_apply(&news).await;
    assert!(early.is_err(), "before the others, it is taken still: {early:?}");
    desk.apply_all().await;

    let spec = desk.spec().await;
    let mut names: Vec<&str> =
        spec.services.values().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["db", "site", "web"]);
    let slugs: std::collections::BTreeSet<&str> =
        spec.services.values().map(|service| service.slug.as_str()).collect();
    assert_eq!(slugs.len(), 3, "slugs never change, so theirs were still taken");
    desk.close().await;
}

/// DK-39.
pub async fn a_rename_to_its_own_name_is_no_change(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let address = Address::ServiceField(web, Field::Name);

    desk.set(address.clone(), Content::Name(name("web"))).await;
    assert!(desk.changes().await.is_empty());

    desk.set(address.clone(), Content::Name(name("api"))).await;
    assert_eq!(desk.changes().await.len(), 1);
    desk.set(address, Content::Name(name("web"))).await;
    assert!(desk.changes().await.is_empty(), "and back is none either");
    desk.close().await;
}

/// DK-40.
pub async fn an_icon_is_set_and_cleared(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let address = Address::ServiceField(web, Field::Icon);
    let icon = IconUrl::try_from("https://example.com/a.svg").expect("this is an address");

    desk.set(address.clone(), Content::Icon(icon.clone())).await;
    let applied = desk.apply_all().await;
    assert_eq!(desk.spec().await.services[&web].icon, Some(icon));
    assert!(applied.deployments.is_empty(), "nothing runs differently for it");

    desk.clear(address).await;
    desk.apply_all().await;
    assert_eq!(desk.spec().await.services[&web].icon, None);
    desk.close().await;
}

/// DK-73, DK-74.
pub async fn edits_are_numbered_in_order_and_never_twice(store: Store) {
    let desk = Desk::open(store).await;
    let colleague = desk.colleague().await;
    for text in ["a", "b"] {
        desk.staged_service(text).await;
    }
    let edit = Edit::CreateService(Box::new(new_service("c")));
    desk.store
        .changes
        .stage(&colleague, desk.environment, vec![edit])
        .await
        .expect("the edit can be staged");
    let first = desk.workspace().await.edits;
    desk.discard(&[]).await;
    desk.staged_service("d").await;

    let seqs: Vec<u64> = first.iter().map(|edit| edit.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let authors: Vec<_> = first.iter().map(|edit| edit.author).collect();
    assert_eq!(authors, [desk.by.actor.user, desk.by.actor.user, colleague.actor.user]);
    assert!(first.iter().all(|edit| edit.at == crate::Clock::now(desk.store.clock.as_ref())));
    assert_eq!(desk.workspace().await.edits[0].seq, 4);
    let other = desk.elsewhere().await;
    other.staged_service("a").await;
    assert_eq!(other.workspace().await.edits[0].seq, 1, "each environment counts for itself");
    desk.close().await;
}

/// All or none.
pub async fn a_list_of_edits_is_staged_whole_or_not_at_all(store: Store) {
    let desk = Desk::open(store).await;
    let create = |text| Edit::CreateService(Box::new(new_service(text)));

    let refused =
        desk.store.changes.stage(&desk.by, desk.environment, vec![create("a"), create("A")]).await;
    assert!(is_taken(&refused));
    assert!(desk.workspace().await.edits.is_empty() && desk.events().await.is_empty());

    let staged =
        desk.store.changes.stage(&desk.by, desk.environment, vec![create("a"), create("b")]).await;
    assert_eq!(staged.expect("both can be staged").edits.len(), 2);
    desk.close().await;
}

/// A retry stages nothing.
pub async fn staging_twice_with_one_key_is_staging_once(store: Store) {
    let desk = Desk::open(store).await;
    let by = desk.keyed("stage-1");
    let edits = || vec![Edit::CreateService(Box::new(new_service("web")))];

    let first = desk.store.changes.stage(&by, desk.environment, edits()).await;
    let again = desk.store.changes.stage(&by, desk.environment, edits()).await;

    let first = first.expect("it can be staged");
    assert_eq!(first.addresses, again.expect("it answers again").addresses);
    assert_eq!(desk.workspace().await.edits.len(), 1);
    assert_eq!(desk.events().await.len(), 1);
    desk.close().await;
}

/// A clear answer says what is missing.
pub async fn what_does_not_exist_cannot_be_edited(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let nowhere = ServiceId::new(Uuid::nil());
    let group = GroupId::new(Uuid::nil());
    let address = Address::ServiceField(web, Field::Group);

    let service = desk.try_stage(variable(own(nowhere, "A"), "1")).await;
    let clear = desk.try_stage(Edit::Clear { address: own(web, "A") }).await;
    let group = desk.try_stage(Edit::Set { address, content: Content::GroupId(group) }).await;

    assert!(matches!(service, Err(Error::NotFound(Resource::Service))));
    assert!(matches!(clear, Err(Error::NotFound(Resource::Variable))));
    assert!(matches!(group, Err(Error::NotFound(Resource::Group))));
    desk.close().await;
}

/// DK-84.
pub async fn moves_between_groups_come_to_one_change(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let (a, b) = (desk.group("a", &[web]).await, desk.group("b", &[]).await);
    let address = Address::ServiceField(web, Field::Group);
    desk.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    let foreign = desk.service_beside("db").await;
    desk.set(Address::ServiceField(foreign, Field::Group), Content::GroupId(a)).await;
    let others = desk.changes().await;
    assert_eq!(others.len(), 2);
    let moved = async || {
        let changes = desk.changes().await;
        let untouched: Vec<_> =
            changes.iter().filter(|change| change.address != address).cloned().collect();
        assert_eq!(
            untouched, others,
            "the rename and the move of another are changes of their own"
        );
        let moved = changes.into_iter().find(|change| change.address == address);
        moved.map(|change| (change.old, change.new))
    };

    desk.set(address.clone(), Content::GroupId(b)).await;
    let first = Some((Some(Content::GroupId(a)), Some(Content::GroupId(b))));
    assert_eq!(moved().await, first);
    desk.clear(address.clone()).await;
    assert_eq!(moved().await, Some((Some(Content::GroupId(a)), None)), "from where it was applied");

    desk.set(address.clone(), Content::GroupId(a)).await;
    assert_eq!(moved().await, None, "back where it was");
    desk.close().await;
}

/// W10, W49, DK-103.
pub async fn a_deleted_group_keeps_its_services(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let group = desk.group("backend", &[web]).await;

    desk.clear(Address::Group(group)).await;
    desk.apply_all().await;

    let spec = desk.spec().await;
    assert!(spec.groups.is_empty());
    assert_eq!(spec.services[&web].group, None);
    desk.close().await;
}

/// What pointed to it does not dangle.
pub async fn a_deleted_volume_is_unmounted(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let mount = Some(NewMount { service: web, path: "/data".parse().expect("this is a path") });
    let staging = desk.stage(Edit::CreateVolume { name: name("data"), mount }).await;
    let Address::Volume(volume) = staging.addresses[0] else { panic!("it makes a volume") };
    desk.apply_all().await;
    assert!(desk.newest(web).await.config.mounts.contains_key(&volume));

    desk.clear(Address::Volume(volume)).await;
    assert!(desk.changes().await.iter().any(|change| change.destroys_data()));
    desk.apply_all().await;

    assert!(desk.spec().await.volumes.is_empty());
    assert!(desk.newest(web).await.config.mounts.is_empty());
    let gone = Address::ServiceMount(web, VolumeId::new(Uuid::nil()));
    let path = Content::MountPath("/data".parse().expect("this is a path"));
    assert!(desk.try_stage(Edit::Set { address: gone, content: path }).await.is_err());
    desk.close().await;
}

/// Everyone who had a part in a change is named.
pub async fn edits_of_somebody_else_at_one_address_are_one_change(store: Store) {
    let desk = Desk::open(store).await;
    let web = desk.service("web").await;
    let colleague = desk.colleague().await;
    desk.variable(own(web, "A"), "1").await;
    let edit = variable(own(web, "A"), "2");
    let staged = desk.store.changes.stage(&colleague, desk.environment, vec![edit]).await;

    let changes = desk.changes().await;

    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].id, staged.expect("it can be staged").edits[0], "the latest names it");
    let authors: Vec<_> = changes[0].contributors.iter().map(|part| part.author).collect();
    assert_eq!(authors, [desk.by.actor.user, colleague.actor.user]);
    desk.close().await;
}

/// W55, W57.
pub async fn things_of_another_environment_do_not_exist_here(store: Store) {
    let desk = Desk::open(store).await;
    let other = desk.elsewhere().await;
    let foreign = other.service("web").await;
    other.staged_service("db").await;
    let theirs = other.waiting().await;

    assert!(desk.try_stage(variable(own(foreign, "A"), "1")).await.is_err());
    assert!(desk.try_stage(Edit::Clear { address: Address::Service(foreign) }).await.is_err());
    assert!(desk.try_apply(&theirs).await.is_err());
    let discarded = desk.store.changes.discard(&desk.by, desk.environment, &theirs, None).await;
    assert!(discarded.is_err());

    assert!(desk.events().await.is_empty());
    assert_eq!(other.waiting().await, theirs);
    desk.close().await;
    other.close().await;
}
