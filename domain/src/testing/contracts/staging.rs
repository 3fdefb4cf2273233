//! What every [`Changes`](crate::changes::Changes) promises of staging.

use super::{
    Store,
    fixture::{Fixture, is_taken, name, new_service, own, variable},
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
            concurrency,
            $store,
            [whoever_works_at_once_nothing_is_lost_or_done_twice,]
        );
    };
}

/// DK-35.
pub async fn what_is_staged_waits_and_changes_nothing(store: Store) {
    let fixture = Fixture::open(store).await;
    let mut new = new_service("web");
    new.variables.insert(
        "A".parse().expect("this is a key"),
        crate::edit::NewVariable { value: super::SECRET.into(), sealed: false },
    );

    let service = fixture.staged(Edit::CreateService(Box::new(new))).await;

    let workspace = fixture.workspace().await;
    assert!(workspace.spec.services.is_empty());
    assert!(workspace.staged().services.contains_key(&service));
    let events = fixture.events().await;
    assert!(matches!(
        &events[0].event,
        Event::Staged { by, edits, .. } if *by == fixture.by.actor.user && edits.len() == 1
    ));
    fixture.close().await;
}

/// DK-78.
pub async fn a_staged_create_has_its_final_id(store: Store) {
    let fixture = Fixture::open(store).await;
    let service = fixture.staged_service("web").await;
    fixture.variable(own(service, "A"), "1").await;
    fixture.set(Address::ServiceField(service, Field::Name), Content::Name(name("api"))).await;

    let applied = fixture.apply_all().await;

    assert_eq!(applied.created, [service]);
    assert_eq!(fixture.spec().await.services[&service].name, name("api"));
    assert_eq!(fixture.environment_of(service).await["A"], "1");
    fixture.close().await;
}

/// DK-38.
pub async fn a_name_is_taken_by_what_is_staged_too(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("Web").await;
    fixture.staged_service("db").await;
    let create = |text| Edit::CreateService(Box::new(new_service(text)));

    assert!(is_taken(&fixture.try_stage(create("WEB")).await));
    assert!(is_taken(&fixture.try_stage(create("DB")).await));
    let address = Address::ServiceField(web, Field::Name);
    let rename = Edit::Set { address, content: Content::Name(name("Db")) };
    assert!(is_taken(&fixture.try_stage(rename).await));

    assert_eq!(fixture.changes().await.len(), 1, "nothing of it was staged");
    fixture.close().await;
}

/// DK-38, DK-39.
pub async fn a_staged_rename_or_delete_frees_a_name(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    fixture.set(Address::ServiceField(web, Field::Name), Content::Name(name("site"))).await;
    fixture.clear(Address::Service(db)).await;
    let ends = fixture.waiting().await;
    let site = Edit::CreateService(Box::new(new_service("Site")));
    assert!(is_taken(&fixture.try_stage(site).await), "a staged rename takes one, too");

    fixture.staged_service("web").await;
    fixture.staged_service("db").await;
    let news: Vec<_> =
        fixture.waiting().await.into_iter().filter(|change| !ends.contains(change)).collect();
    let early = fixture.try_apply(&news).await;
    assert!(early.is_err(), "before the others, it is taken still: {early:?}");
    fixture.apply_all().await;

    let spec = fixture.spec().await;
    let mut names: Vec<&str> =
        spec.services.values().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["db", "site", "web"]);
    let slugs: std::collections::BTreeSet<&str> =
        spec.services.values().map(|service| service.slug.as_str()).collect();
    assert_eq!(slugs.len(), 3, "slugs never change, so theirs were still taken");
    fixture.close().await;
}

/// DK-39.
pub async fn a_rename_to_its_own_name_is_no_change(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let address = Address::ServiceField(web, Field::Name);

    fixture.set(address.clone(), Content::Name(name("web"))).await;
    assert!(fixture.changes().await.is_empty());

    fixture.set(address.clone(), Content::Name(name("api"))).await;
    assert_eq!(fixture.changes().await.len(), 1);
    fixture.set(address, Content::Name(name("web"))).await;
    assert!(fixture.changes().await.is_empty(), "and back is none either");
    fixture.close().await;
}

/// DK-40.
pub async fn an_icon_is_set_and_cleared(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let address = Address::ServiceField(web, Field::Icon);
    let icon = IconUrl::try_from("https://example.com/a.svg").expect("this is an address");

    fixture.set(address.clone(), Content::Icon(icon.clone())).await;
    let applied = fixture.apply_all().await;
    assert_eq!(fixture.spec().await.services[&web].icon, Some(icon));
    assert!(applied.deployments.is_empty(), "nothing runs differently for it");

    fixture.clear(address).await;
    fixture.apply_all().await;
    assert_eq!(fixture.spec().await.services[&web].icon, None);
    fixture.close().await;
}

/// DK-73, DK-74.
pub async fn edits_are_numbered_in_order_and_never_twice(store: Store) {
    let fixture = Fixture::open(store).await;
    let other_user = fixture.other_user().await;
    for text in ["a", "b"] {
        fixture.staged_service(text).await;
    }
    let edit = Edit::CreateService(Box::new(new_service("c")));
    fixture
        .store
        .changes
        .stage(&other_user, fixture.environment, vec![edit])
        .await
        .expect("the edit can be staged");
    let first = fixture.workspace().await.edits;
    fixture.discard(&[]).await;
    fixture.staged_service("d").await;

    let seqs: Vec<u64> = first.iter().map(|edit| edit.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let authors: Vec<_> = first.iter().map(|edit| edit.author).collect();
    assert_eq!(authors, [fixture.by.actor.user, fixture.by.actor.user, other_user.actor.user]);
    assert!(first.iter().all(|edit| edit.at == crate::Clock::now(fixture.store.clock.as_ref())));
    assert_eq!(fixture.workspace().await.edits[0].seq, 4);
    let other = fixture.other_project().await;
    other.staged_service("a").await;
    assert_eq!(other.workspace().await.edits[0].seq, 1, "each environment counts for itself");
    fixture.close().await;
}

/// All or none.
pub async fn a_list_of_edits_is_staged_whole_or_not_at_all(store: Store) {
    let fixture = Fixture::open(store).await;
    let create = |text| Edit::CreateService(Box::new(new_service(text)));

    let refused = fixture
        .store
        .changes
        .stage(&fixture.by, fixture.environment, vec![create("a"), create("A")])
        .await;
    assert!(is_taken(&refused));
    assert!(fixture.workspace().await.edits.is_empty() && fixture.events().await.is_empty());

    let staged = fixture
        .store
        .changes
        .stage(&fixture.by, fixture.environment, vec![create("a"), create("b")])
        .await;
    assert_eq!(staged.expect("both can be staged").edits.len(), 2);
    fixture.close().await;
}

/// A retry stages nothing.
pub async fn staging_twice_with_one_key_is_staging_once(store: Store) {
    let fixture = Fixture::open(store).await;
    let by = fixture.keyed("stage-1");
    let edits = || vec![Edit::CreateService(Box::new(new_service("web")))];

    let first = fixture.store.changes.stage(&by, fixture.environment, edits()).await;
    let again = fixture.store.changes.stage(&by, fixture.environment, edits()).await;

    let first = first.expect("it can be staged");
    assert_eq!(first.addresses, again.expect("it answers again").addresses);
    assert_eq!(fixture.workspace().await.edits.len(), 1);
    assert_eq!(fixture.events().await.len(), 1);
    fixture.close().await;
}

/// A clear answer says what is missing.
pub async fn what_does_not_exist_cannot_be_edited(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let nowhere = ServiceId::new(Uuid::nil());
    let group = GroupId::new(Uuid::nil());
    let address = Address::ServiceField(web, Field::Group);

    let service = fixture.try_stage(variable(own(nowhere, "A"), "1")).await;
    let clear = fixture.try_stage(Edit::Clear { address: own(web, "A") }).await;
    let group = fixture.try_stage(Edit::Set { address, content: Content::GroupId(group) }).await;

    assert!(matches!(service, Err(Error::NotFound(Resource::Service))));
    assert!(matches!(clear, Err(Error::NotFound(Resource::Variable))));
    assert!(matches!(group, Err(Error::NotFound(Resource::Group))));
    fixture.close().await;
}

/// DK-84.
pub async fn moves_between_groups_come_to_one_change(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let (a, b) = (fixture.group("a", &[web]).await, fixture.group("b", &[]).await);
    let address = Address::ServiceField(web, Field::Group);
    fixture.set(Address::ServiceField(web, Field::Name), Content::Name(name("api"))).await;
    let foreign = fixture.service_directly("db").await;
    fixture.set(Address::ServiceField(foreign, Field::Group), Content::GroupId(a)).await;
    let others = fixture.changes().await;
    assert_eq!(others.len(), 2);
    let moved = async || {
        let changes = fixture.changes().await;
        let untouched: Vec<_> =
            changes.iter().filter(|change| change.address != address).cloned().collect();
        assert_eq!(
            untouched, others,
            "the rename and the move of another are changes of their own"
        );
        let moved = changes.into_iter().find(|change| change.address == address);
        moved.map(|change| (change.old, change.new))
    };

    fixture.set(address.clone(), Content::GroupId(b)).await;
    let first = Some((Some(Content::GroupId(a)), Some(Content::GroupId(b))));
    assert_eq!(moved().await, first);
    fixture.clear(address.clone()).await;
    assert_eq!(moved().await, Some((Some(Content::GroupId(a)), None)), "from where it was applied");

    fixture.set(address.clone(), Content::GroupId(a)).await;
    assert_eq!(moved().await, None, "back where it was");
    fixture.close().await;
}

/// W10, W49, DK-103.
pub async fn a_deleted_group_keeps_its_services(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let group = fixture.group("backend", &[web]).await;

    fixture.clear(Address::Group(group)).await;
    fixture.apply_all().await;

    let spec = fixture.spec().await;
    assert!(spec.groups.is_empty());
    assert_eq!(spec.services[&web].group, None);
    fixture.close().await;
}

/// What pointed to it does not dangle.
pub async fn a_deleted_volume_is_unmounted(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let mount = Some(NewMount { service: web, path: "/data".parse().expect("this is a path") });
    let staging = fixture.stage(Edit::CreateVolume { name: name("data"), mount }).await;
    let Address::Volume(volume) = staging.addresses[0] else { panic!("it makes a volume") };
    fixture.apply_all().await;
    assert!(fixture.newest(web).await.config.mounts.contains_key(&volume));

    fixture.clear(Address::Volume(volume)).await;
    assert!(fixture.changes().await.iter().any(|change| change.destroys_data()));
    fixture.apply_all().await;

    assert!(fixture.spec().await.volumes.is_empty());
    assert!(fixture.newest(web).await.config.mounts.is_empty());
    let gone = Address::ServiceMount(web, VolumeId::new(Uuid::nil()));
    let path = Content::MountPath("/data".parse().expect("this is a path"));
    assert!(fixture.try_stage(Edit::Set { address: gone, content: path }).await.is_err());
    fixture.close().await;
}

/// Everyone who had a part in a change is named.
pub async fn edits_of_somebody_else_at_one_address_are_one_change(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let other_user = fixture.other_user().await;
    fixture.variable(own(web, "A"), "1").await;
    let edit = variable(own(web, "A"), "2");
    let staged = fixture.store.changes.stage(&other_user, fixture.environment, vec![edit]).await;

    let changes = fixture.changes().await;

    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].id, staged.expect("it can be staged").edits[0], "the latest names it");
    let authors: Vec<_> = changes[0].contributors.iter().map(|part| part.author).collect();
    assert_eq!(authors, [fixture.by.actor.user, other_user.actor.user]);
    fixture.close().await;
}

/// W55, W57.
pub async fn things_of_another_environment_do_not_exist_here(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    let foreign = other.service("web").await;
    other.staged_service("db").await;
    let theirs = other.waiting().await;

    assert!(fixture.try_stage(variable(own(foreign, "A"), "1")).await.is_err());
    assert!(fixture.try_stage(Edit::Clear { address: Address::Service(foreign) }).await.is_err());
    assert!(fixture.try_apply(&theirs).await.is_err());
    let discarded =
        fixture.store.changes.discard(&fixture.by, fixture.environment, &theirs, None).await;
    assert!(discarded.is_err());

    assert!(fixture.events().await.is_empty());
    assert_eq!(other.waiting().await, theirs);
    fixture.close().await;
    other.close().await;
}
