//! What every [`Projects`](crate::project::Projects) promises.

use super::{
    Store,
    fixture::{Fixture, mutation, name},
};
use crate::{
    Address, Content, Error, Message, ProjectId, Resource, RevisionNumber, Set, Slug,
    access::{InstanceRole, ProjectRole},
    deployment::{Condition, Failure, Transition},
    event::Event,
    page::Page,
    rollout::{ServiceKey, Step, Subject},
};
use uuid::Uuid;

/// Tests that a [`Projects`](crate::project::Projects) keeps its promises.
#[macro_export]
macro_rules! projects_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            projects,
            $store,
            [
                a_project_has_a_production_environment_and_an_owner,
                a_slug_is_made_of_the_name_and_six_hex_digits,
                projects_are_listed_newest_first_by_name_to_their_members,
                an_unknown_project_does_not_exist,
                a_rename_is_staged_and_leaves_the_slug,
                a_deleted_project_leaves_tombstones_and_a_last_event,
                an_environment_is_found_within_its_own_project_only,
                members_come_change_and_go,
                the_last_owner_stays,
                two_people_share_a_project_when_both_belong_to_it,
                a_summary_counts_what_its_card_shows,
                what_runs_and_what_fails_are_counted_apart,
                the_same_idempotency_key_makes_one_project,
                an_idempotency_key_stands_for_one_thing,
            ]
        );
    };
}

/// Tests that a [`Projects`](crate::project::Projects) goes on where slugs meet: the ids that this
/// store is given [end alike](crate::testing::SeededIds::ending_alike), several in a row.
#[macro_export]
macro_rules! colliding_slugs_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            projects,
            $store,
            [projects_of_one_name_and_one_ending_get_slugs_of_their_own,]
        );
    };
}

/// Only then may they know of each other.
pub async fn two_people_share_a_project_when_both_belong_to_it(store: Store) {
    let fixture = Fixture::open(store).await;
    let bob = fixture.other_user().await.actor.user;
    let eve = fixture.store.person("eve@example.com").await.id;
    let (projects, ann) = (&fixture.store.projects, fixture.by.actor.user);
    let share = async |one, other| projects.share_project(one, other).await.expect("it answers");

    assert!(share(ann, bob).await && share(bob, ann).await);
    assert!(!share(ann, eve).await && !share(eve, bob).await && !share(eve, eve).await);
    projects.delete(&fixture.by, fixture.project.id).await.expect("an owner may");
    assert!(!share(ann, bob).await);
}

/// Its maker owns it, and there is one environment.
pub async fn a_project_has_a_production_environment_and_an_owner(store: Store) {
    let fixture = Fixture::open(store).await;
    let (projects, id) = (&fixture.store.projects, fixture.project.id);

    let environments = projects.environments(id).await.expect("the store answers");
    let spec = fixture.spec().await;

    assert_eq!(environments.len(), 1);
    assert_eq!(environments[0].slug.as_str(), "production");
    assert_eq!(environments[0].project, id);
    assert_eq!((spec.revision, spec.project_name), (RevisionNumber(0), name("shop")));
    let role = projects.role_of(fixture.by.actor.user, id).await.expect("the store answers");
    assert_eq!(role, Some(ProjectRole::Owner));
    assert!(projects.exists(id).await.expect("the store answers"));
    fixture.close().await;
}

/// DK-28.
pub async fn a_slug_is_made_of_the_name_and_six_hex_digits(store: Store) {
    let fixture = Fixture::open(store).await;
    let projects = &fixture.store.projects;

    let first = projects.create(&fixture.by, name("Größe & Co.")).await.expect("it is made");
    let second = projects.create(&fixture.by, name("Größe & Co.")).await.expect("it is made");

    let (head, tail) = first.slug.as_str().rsplit_once('-').expect("it has a suffix");
    assert_eq!(head, "gr-e-co");
    assert!(tail.len() == 6 && tail.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(first.slug, second.slug);
}

/// DK-28: six digits meet by chance once in a long while; here it is the rule.
pub async fn projects_of_one_name_and_one_ending_get_slugs_of_their_own(store: Store) {
    let fixture = Fixture::open(store).await;
    let ending = |slug: &Slug| slug.as_str().rsplit_once('-').map(|(_, tail)| tail.to_owned());
    let mut slugs = Set::from([fixture.project.slug.clone()]);
    let mut met = 0;

    for _ in 0..20 {
        let made =
            fixture.store.projects.create(&fixture.by, name("shop")).await.expect("it is made");
        let id = made.id.to_string();
        met += usize::from(!ending(&made.slug).is_some_and(|ending| id.ends_with(&ending)));
        slugs.insert(made.slug);
    }

    assert_eq!(slugs.len(), 21, "{slugs:?}");
    assert!(met > 0, "none has met another one, so nothing is shown");
}

/// DK-29, DK-158.
pub async fn projects_are_listed_newest_first_by_name_to_their_members(store: Store) {
    let fixture = Fixture::open(store).await;
    let projects = &fixture.store.projects;
    let other_user = fixture.other_user().await;
    for text in ["Alpha", "alphabet", "Beta"] {
        projects.create(&fixture.by, name(text)).await.expect("it is made");
    }
    let names = async |viewer, part: Option<&str>, page| {
        let found = projects.list(viewer, part, page).await.expect("the store answers");
        let names: Vec<String> =
            found.data.iter().map(|summary| summary.project.name.to_string()).collect();
        (names, found.total_count)
    };
    let owner = Some(fixture.by.actor.user);

    let all = names(owner, None, Page::FIRST).await;
    let some = names(owner, Some("ALPHA"), Page::FIRST).await;
    let part = names(owner, None, Page::new(1, 2)).await;
    let theirs = names(Some(other_user.actor.user), None, Page::FIRST).await;
    let admins = names(None, None, Page::FIRST).await;
    let wild = names(owner, Some("%"), Page::FIRST).await;

    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(all, (text(&["Beta", "alphabet", "Alpha", "shop"]), 4));
    assert_eq!(some, (text(&["alphabet", "Alpha"]), 2));
    assert_eq!(part, (text(&["alphabet", "Alpha"]), 4));
    assert_eq!(theirs, (text(&["shop"]), 1));
    assert_eq!(admins.1, 4);
    assert_eq!(wild.1, 0, "what is typed is no pattern");
}

/// DK-30.
pub async fn an_unknown_project_does_not_exist(store: Store) {
    let fixture = Fixture::open(store).await;
    let (projects, nowhere) = (&fixture.store.projects, ProjectId::new(Uuid::nil()));
    let is_missing = |error: &Error| matches!(error, Error::NotFound(Resource::Project));

    assert!(projects.get(nowhere).await.is_err_and(|error| is_missing(&error)));
    assert!(projects.delete(&fixture.by, nowhere).await.is_err_and(|error| is_missing(&error)));
    assert!(projects.environment(nowhere, None).await.is_err());
    assert!(!projects.exists(nowhere).await.expect("the store answers"));
    let role = projects.role_of(fixture.by.actor.user, nowhere).await.expect("the store answers");
    assert_eq!(role, None);
}

/// DK-31.
pub async fn a_rename_is_staged_and_leaves_the_slug(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.set(Address::ProjectName, Content::Name(name("Market"))).await;
    let staged = fixture.store.projects.get(fixture.project.id).await.expect("it exists");

    fixture.apply_all().await;

    let applied = fixture.store.projects.get(fixture.project.id).await.expect("it exists");
    assert_eq!(staged.name, name("shop"));
    assert_eq!((applied.name, applied.slug), (name("Market"), fixture.project.slug.clone()));
    fixture.close().await;
}

/// DK-32.
pub async fn a_deleted_project_leaves_tombstones_and_a_last_event(store: Store) {
    let fixture = Fixture::open(store).await;
    let service = fixture.service("web").await;
    let other = fixture.other_project().await;
    let (project, environment) = (fixture.project.id, fixture.environment);

    fixture.store.projects.delete(&fixture.by, project).await.expect("it can be deleted");

    assert!(fixture.store.projects.get(project).await.is_err());
    assert!(fixture.store.changes.workspace(environment).await.is_err());
    assert!(fixture.store.snapshots.snapshot(environment).await.is_err());
    let last = fixture.events().await.pop().map(|numbered| numbered.event);
    assert_eq!(last, Some(Event::Deleted { by: fixture.by.actor.user }));
    let fence = fixture.store.rollouts.acquire_fence().await.expect("the store answers");
    let desired = fixture.store.rollouts.desired(fence).await.expect("the store answers");
    assert!(desired.services.is_empty());
    let subjects: Vec<Subject> = desired.tombstones.iter().map(|stone| stone.subject).collect();
    assert!(subjects.contains(&Subject::Environment { project, environment }));
    let key = ServiceKey { environment, service };
    assert!(subjects.iter().any(|subject| subject.service() == Some(key)));
    other.close().await;
}

/// W57.
pub async fn an_environment_is_found_within_its_own_project_only(store: Store) {
    let fixture = Fixture::open(store).await;
    let other = fixture.other_project().await;
    let (projects, id) = (&fixture.store.projects, fixture.environment.to_string());

    let by_id = projects.environment(fixture.project.id, Some(&id)).await.expect("it is found");
    let by_slug = projects.environment(fixture.project.id, Some("production")).await;
    let first = projects.environment(fixture.project.id, None).await.expect("it is found");
    let foreign = projects.environment(other.project.id, Some(&id)).await;
    let unknown = projects.environment(fixture.project.id, Some("staging")).await;

    assert_eq!(by_id.id, fixture.environment);
    assert_eq!(by_slug.expect("it is found"), by_id);
    assert_eq!(first, by_id);
    assert!(matches!(foreign, Err(Error::NotFound(Resource::Environment))));
    assert!(matches!(unknown, Err(Error::NotFound(Resource::Environment))));
}

/// A role is given, changed and taken.
pub async fn members_come_change_and_go(store: Store) {
    let fixture = Fixture::open(store).await;
    let (projects, id) = (&fixture.store.projects, fixture.project.id);
    let bob = fixture.other_user().await.actor.user;
    let role = async || projects.role_of(bob, id).await.expect("the store answers");
    assert_eq!(role().await, Some(ProjectRole::Editor));

    projects.set_member(&fixture.by, id, bob, Some(ProjectRole::Viewer)).await.expect("it changes");
    assert_eq!(role().await, Some(ProjectRole::Viewer));
    assert_eq!(projects.members(id).await.expect("the store answers").len(), 2);

    projects.set_member(&fixture.by, id, bob, None).await.expect("it ends");
    assert_eq!(role().await, None);
    let nobody = crate::UserId::new(Uuid::nil());
    let unknown = projects.set_member(&fixture.by, id, nobody, Some(ProjectRole::Viewer)).await;
    assert!(matches!(unknown, Err(Error::NotFound(Resource::User))));
}

/// A project is never without somebody who can delete it.
pub async fn the_last_owner_stays(store: Store) {
    let fixture = Fixture::open(store).await;
    let (projects, id, ann) = (&fixture.store.projects, fixture.project.id, fixture.by.actor.user);
    let bob = fixture.other_user().await.actor.user;

    for role in [None, Some(ProjectRole::Editor)] {
        let refused = projects.set_member(&fixture.by, id, ann, role).await;
        assert!(matches!(refused, Err(Error::InvalidState(_))));
    }
    assert_eq!(projects.role_of(ann, id).await.expect("it answers"), Some(ProjectRole::Owner));

    projects.set_member(&fixture.by, id, bob, Some(ProjectRole::Owner)).await.expect("it changes");
    projects.set_member(&fixture.by, id, ann, None).await.expect("there is another owner");
}

/// Services, what waits, and the viewer's own role.
pub async fn a_summary_counts_what_its_card_shows(store: Store) {
    let fixture = Fixture::open(store).await;
    fixture.service("web").await;
    fixture.staged_service("db").await;
    fixture.staged_service("cache").await;

    let viewer = Some(fixture.by.actor.user);
    let list = fixture.store.projects.list(viewer, None, Page::FIRST).await;
    let summary = list.expect("the store answers").data.remove(0);
    let admins = fixture.store.projects.list(None, None, Page::FIRST).await;

    assert_eq!((summary.services, summary.pending), (1, 2));
    assert_eq!((summary.running, summary.failing), (0, 0));
    assert_eq!(summary.role, Some(ProjectRole::Owner));
    assert_eq!(admins.expect("the store answers").data[0].role, None);
}

/// DK-33, W20: each service is counted once, as the canvas shows it.
pub async fn what_runs_and_what_fails_are_counted_apart(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, worker, cron) = (
        fixture.service("web").await,
        fixture.service("worker").await,
        fixture.service("cron").await,
    );
    let condition = |service, condition| Step::ConditionChanged {
        service: ServiceKey { environment: fixture.environment, service },
        condition,
        why: None,
    };
    let counts = async || {
        let list = fixture.store.projects.list(None, None, Page::FIRST).await;
        let summary = list.expect("the store answers").data.remove(0);
        (summary.services, summary.running, summary.failing)
    };
    let fail = async |service| {
        let failure = Failure { reason: "no".to_owned(), exit_code: None, log_tail: None };
        let deployment = fixture.newest(service).await.id;
        let transition = Transition::Failed(failure);
        fixture.record(&[Step::Reached { deployment, transition }]).await;
    };
    assert_eq!(counts().await, (3, 0, 0), "nothing has come to an end yet");

    fixture.go_live(web).await;
    fixture.go_live(worker).await;
    fail(cron).await;
    fixture
        .record(&[condition(web, Condition::Running), condition(worker, Condition::Running)])
        .await;
    assert_eq!(counts().await, (3, 2, 1));

    let again = &fixture.store.deployments;
    again
        .redeploy(&fixture.by, fixture.environment, web, Message::default())
        .await
        .expect("it can be");
    fail(web).await;
    assert_eq!(counts().await, (3, 2, 1), "a failed rollout does not make what serves failed");

    fixture
        .record(&[condition(web, Condition::Crashed), condition(worker, Condition::Stopped)])
        .await;
    assert_eq!(counts().await, (3, 0, 2));
    fixture.close().await;
}

/// A retry makes no second one.
pub async fn the_same_idempotency_key_makes_one_project(store: Store) {
    let fixture = Fixture::open(store).await;
    let by = fixture.keyed("again");

    let first = fixture.store.projects.create(&by, name("Alpha")).await.expect("it is made");
    let again = fixture.store.projects.create(&by, name("Alpha")).await.expect("it answers again");
    let bob = mutation(fixture.store.person("bob@example.com").await.id, InstanceRole::Member);
    let bob = crate::access::Mutation { idempotency: by.idempotency.clone(), ..bob };
    let other = fixture.store.projects.create(&bob, name("Alpha")).await.expect("it is made");

    assert_eq!(first, again);
    assert_ne!(first.id, other.id, "another person's key is another key");
    let list = fixture.store.projects.list(None, None, Page::FIRST).await.expect("it answers");
    assert_eq!(list.total_count, 3);
}

/// A key that was used for something else is a mistake, and nothing is done.
pub async fn an_idempotency_key_stands_for_one_thing(store: Store) {
    let fixture = Fixture::open(store).await;
    let by = fixture.keyed("once");
    fixture.store.projects.create(&by, name("Alpha")).await.expect("it is made");

    let other = fixture.store.projects.delete(&by, fixture.project.id).await;

    assert!(matches!(other, Err(Error::Invalid(_))));
    assert!(fixture.store.projects.exists(fixture.project.id).await.expect("the store answers"));
}
