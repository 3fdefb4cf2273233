//! What every [`Changes`](crate::changes::Changes) promises of variables.

use super::{
    Store,
    fixture::{Fixture, SECRET, is_taken, key, name, own, shared, variable},
};
use crate::{
    Address, Content, Error, Field, GroupId, Secret, ServiceId, changes::Revealed, edit::Edit,
};

fn grouped(group: GroupId, text: &str) -> Address {
    Address::GroupVariable(group, key(text))
}

fn sealed(address: Address, value: &str) -> Edit {
    Edit::SetVariable { address, value: Secret::from(value), sealed: true, only_new: false }
}

async fn deployed(fixture: &Fixture) -> Vec<ServiceId> {
    fixture.apply_all().await.deployments.into_iter().map(|(service, _)| service).collect()
}

/// DK-59.
pub async fn the_later_scope_wins(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let group = fixture.group("backend", &[web]).await;
    for text in ["A", "B", "C"] {
        fixture.variable(shared(text), "shared").await;
    }
    for text in ["B", "C"] {
        fixture.variable(grouped(group, text), "group").await;
    }
    fixture.variable(own(web, "C"), "service").await;
    fixture.apply_all().await;

    let seen = fixture.environment_of(web).await;

    assert_eq!((&*seen["A"], &*seen["B"], &*seen["C"]), ("shared", "group", "service"));
    fixture.close().await;
}

/// DK-62.
pub async fn a_variable_is_made_changed_and_removed_in_every_scope(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let group = fixture.group("backend", &[web]).await;

    for address in [shared("A"), grouped(group, "B"), own(web, "C")] {
        let key = address.variable_key().expect("it is a variable").to_string();
        for value in ["one", "two"] {
            fixture.variable(address.clone(), value).await;
            assert_eq!(deployed(&fixture).await, [web]);
            assert_eq!(fixture.environment_of(web).await[&key], value);
        }
        fixture.clear(address).await;
        assert_eq!(deployed(&fixture).await, [web]);
        assert!(!fixture.environment_of(web).await.contains_key(&key));
    }
    fixture.close().await;
}

/// DK-60.
pub async fn an_empty_value_is_a_value(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "EMPTY"), "").await;
    fixture.apply_all().await;

    assert_eq!(fixture.environment_of(web).await["EMPTY"], "");
    fixture.close().await;
}

/// DK-61.
pub async fn a_key_is_taken_by_what_is_staged_too(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let fresh = || Edit::SetVariable {
        address: own(web, "A"),
        value: Secret::from("1"),
        sealed: false,
        only_new: true,
    };

    fixture.stage(fresh()).await;
    assert!(is_taken(&fixture.try_stage(fresh()).await), "by a staged one");
    fixture.apply_all().await;
    assert!(is_taken(&fixture.try_stage(fresh()).await), "by an applied one");
    fixture.clear(own(web, "A")).await;
    fixture.stage(fresh()).await;
    fixture.close().await;
}

/// DK-62: whoever gives it another value, while somebody takes it away, does not bring it back.
pub async fn a_new_value_brings_no_variable_back(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let replace = |value: &str| Edit::ReplaceVariable {
        address: own(web, "A"),
        value: Secret::from(value),
        sealed: false,
    };
    let is_missing = |result: &_| matches!(result, Err(Error::NotFound(crate::Resource::Variable)));

    let never = fixture.try_stage(replace("1")).await;
    fixture.variable(own(web, "A"), "1").await;
    fixture.stage(replace("2")).await;
    fixture.apply_all().await;
    fixture.stage(replace("3")).await;
    fixture.clear(own(web, "A")).await;
    let ended = fixture.try_stage(replace("4")).await;
    fixture.apply_all().await;
    let gone = fixture.try_stage(replace("5")).await;

    assert!(is_missing(&never), "{never:?}");
    assert!(is_missing(&ended), "{ended:?}");
    assert!(is_missing(&gone), "{gone:?}");
    assert!(fixture.waiting().await.is_empty());
    fixture.close().await;
}

/// DK-63.
pub async fn a_service_that_is_only_staged_has_variables(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.staged_service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    fixture.variable(own(web, "A"), "2").await;
    fixture.variable(own(web, "B"), "3").await;
    fixture.clear(own(web, "B")).await;
    assert_eq!(fixture.changes().await.len(), 2, "the service, and A");

    fixture.apply_all().await;

    let seen = fixture.environment_of(web).await;
    assert_eq!(seen["A"], "2");
    assert!(!seen.contains_key("B"));
    fixture.close().await;
}

/// DK-66: references are kept by id, so a rename redeploys nobody.
pub async fn a_rename_breaks_no_reference(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    fixture.variable(own(db, "PASSWORD"), "pw").await;
    fixture.variable(own(web, "URL"), "postgres://x:${{db.PASSWORD}}@${{db.HOST}}").await;
    let group = fixture.group("backend", &[web]).await;
    let other_project = [shared("SHARED"), grouped(group, "GROUPED")];
    for address in &other_project {
        fixture.variable(address.clone(), "${{db.HOST}}").await;
    }
    fixture.apply_all().await;
    fixture.variable(own(web, "STAGED"), "${{DB.HOST}}").await;
    let staged = fixture.waiting().await;

    fixture.set(Address::ServiceField(db, Field::Name), Content::Name(name("store"))).await;
    let rename: Vec<_> =
        fixture.waiting().await.into_iter().filter(|id| !staged.contains(id)).collect();
    let renamed = fixture.try_apply(&rename).await.expect("a rename needs nothing else");
    assert!(renamed.deployments.is_empty());

    let reveal = async |address: &Address| {
        let revealed =
            fixture.store.changes.reveal(&fixture.by, fixture.environment, address).await;
        revealed.expect("it can be revealed")
    };
    let revealed = reveal(&own(web, "URL")).await;
    let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    for address in &other_project {
        assert_eq!(text(reveal(address).await.applied).as_deref(), Some("${{store.HOST}}"));
    }
    let waits = reveal(&own(web, "STAGED")).await;
    assert_eq!(text(waits.staged).as_deref(), Some("${{store.HOST}}"));
    assert_eq!(text(waits.resolved).as_deref(), Some("db"));
    assert_eq!(
        text(revealed.applied).as_deref(),
        Some("postgres://x:${{store.PASSWORD}}@${{store.HOST}}")
    );
    assert_eq!(text(revealed.resolved).as_deref(), Some("postgres://x:pw@db"));
    fixture.variable(own(web, "URL2"), "${{Store.PASSWORD}}").await;
    fixture.apply_all().await;
    assert_eq!(fixture.environment_of(web).await["URL2"], "pw");
    fixture.close().await;
}

/// DK-67, W7.
pub async fn a_change_redeploys_exactly_who_uses_it(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db, cron) =
        (fixture.service("web").await, fixture.service("db").await, fixture.service("cron").await);
    fixture.variable(own(db, "PASSWORD"), "one").await;
    fixture.variable(own(web, "URL"), "x:${{db.PASSWORD}}").await;
    fixture.apply_all().await;

    fixture.variable(own(db, "PASSWORD"), "two").await;
    let both = deployed(&fixture).await;
    assert_eq!(both, [db, web], "whoever is referred to comes first");
    assert_eq!(fixture.environment_of(web).await["URL"], "x:two");

    // Neither who has the key of its own, nor who has nothing to run yet.
    let mut new = super::new_service("idle");
    new.source = crate::Source::Empty;
    fixture.staged(Edit::CreateService(Box::new(new))).await;
    fixture.variable(own(db, "LEVEL"), "mine").await;
    fixture.apply_all().await;
    fixture.variable(shared("LEVEL"), "everybody's").await;
    let mut users = deployed(&fixture).await;
    users.sort_unstable();
    let mut expected = vec![web, cron];
    expected.sort_unstable();
    assert_eq!(users, expected);

    // W7: what has failed is deployed again when its variable is mended.
    let failed = crate::deployment::Transition::Failed(crate::deployment::Failure::default());
    let deployment = fixture.newest(cron).await.id;
    fixture.record(&[crate::rollout::Step::Reached { deployment, transition: failed }]).await;
    fixture.variable(own(cron, "A"), "mended").await;
    assert_eq!(deployed(&fixture).await, [cron]);
    fixture.close().await;
}

/// DK-68.
pub async fn leaving_a_group_redeploys_who_used_its_variables(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    let group = fixture.group("backend", &[web]).await;
    fixture.variable(grouped(group, "A"), "1").await;
    fixture.apply_all().await;

    fixture.clear(Address::ServiceField(web, Field::Group)).await;
    assert_eq!(deployed(&fixture).await, [web]);
    assert!(!fixture.environment_of(web).await.contains_key("A"));

    fixture.set(Address::ServiceField(db, Field::Group), Content::GroupId(group)).await;
    assert_eq!(deployed(&fixture).await, [db]);
    assert_eq!(fixture.environment_of(db).await["A"], "1");
    fixture.close().await;
}

/// W49.
pub async fn deleting_a_group_redeploys_who_used_its_variables(store: Store) {
    let fixture = Fixture::open(store).await;
    let (web, db) = (fixture.service("web").await, fixture.service("db").await);
    let group = fixture.group("backend", &[web, db]).await;
    fixture.variable(grouped(group, "A"), "1").await;
    fixture.variable(own(db, "A"), "mine").await;
    fixture.apply_all().await;

    fixture.clear(Address::Group(group)).await;

    assert_eq!(deployed(&fixture).await, [web], "the other had its own");
    fixture.close().await;
}

/// W10.
pub async fn deleting_a_group_takes_staged_edits_of_its_variables_along(store: Store) {
    let fixture = Fixture::open(store).await;
    let group = fixture.group("backend", &[]).await;
    fixture.variable(grouped(group, "A"), "1").await;
    fixture.apply_all().await;
    fixture.variable(grouped(group, "A"), "2").await;
    fixture.variable(grouped(group, "B"), "3").await;

    fixture.clear(Address::Group(group)).await;

    assert_eq!(fixture.changes().await.len(), 1, "they are part of the deletion");
    fixture.apply_all().await;
    assert!(fixture.workspace().await.edits.is_empty(), "and are done with it");
    fixture.close().await;
}

/// W11.
pub async fn a_variable_deleted_twice_or_edited_after_blocks_nothing(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "A"), "1").await;
    fixture.variable(own(web, "B"), "1").await;
    fixture.apply_all().await;

    fixture.clear(own(web, "A")).await;
    let again = fixture.try_stage(Edit::Clear { address: own(web, "A") }).await;
    assert!(matches!(again, Err(Error::NotFound(_))));
    fixture.clear(own(web, "B")).await;
    fixture.variable(own(web, "B"), "2").await;
    fixture.apply_all().await;

    let seen = fixture.environment_of(web).await;
    assert!(!seen.contains_key("A"));
    assert_eq!(seen["B"], "2");
    fixture.close().await;
}

/// Any Unicode, every blank and every line end.
pub async fn a_value_is_kept_exactly(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    let value = " \r\n\ttab\r\u{1}\u{feff}ä🦀\u{10ffff}\"'\\$PATH $${{x}} {{y}}\n\n ";
    fixture.variable(own(web, "EXACT"), value).await;
    fixture.apply_all().await;

    assert_eq!(fixture.environment_of(web).await["EXACT"], value.replace("$${{", "${{"));
    let nul = fixture.try_stage(variable(own(web, "NUL"), "a\0b")).await;
    assert!(matches!(nul, Err(Error::Invalid(_))));
    fixture.close().await;
}

/// DK-180: sealed values are readable by nobody, others by those who ask for them by name.
pub async fn revealing_is_audited_and_sealed_values_are_refused(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.variable(own(web, "OPEN"), SECRET).await;
    fixture.stage(sealed(own(web, "SEALED"), SECRET)).await;
    fixture.variable(own(web, "MIXED"), "${{SEALED}}").await;
    fixture.apply_all().await;
    fixture.variable(own(web, "OPEN"), "next").await;
    let reveal = async |text| {
        fixture.store.changes.reveal(&fixture.by, fixture.environment, &own(web, text)).await
    };
    let before = fixture.store.audited().await.len();

    let open = reveal("OPEN").await.expect("it can be revealed");
    let mixed = reveal("MIXED").await.expect("its own text can be revealed");
    let sealed = reveal("SEALED").await;
    let unknown = reveal("NOTHING").await;

    let secret = |text: &str| Some(Secret::from(text));
    let expected =
        Revealed { applied: secret(SECRET), staged: secret("next"), resolved: secret("next") };
    assert_eq!(open, expected);
    assert_eq!((mixed.applied, mixed.resolved), (secret("${{SEALED}}"), None));
    assert!(matches!(sealed, Err(Error::Forbidden(_))));
    assert!(matches!(unknown, Err(Error::NotFound(crate::Resource::Variable))));
    let audited = fixture.store.audited().await;
    assert_eq!(audited.len(), before + 2);
    assert_eq!(audited[before].action, "changes.reveal");
    assert_eq!(audited[before].target, own(web, "OPEN").to_string());
    fixture.close().await;
}

/// DK-180: no hidden value can be learned by staging guesses.
pub async fn a_sealed_value_gives_no_answer_to_a_guess(store: Store) {
    let fixture = Fixture::open(store).await;
    let web = fixture.service("web").await;
    fixture.stage(sealed(own(web, "SEALED"), SECRET)).await;
    fixture.apply_all().await;

    let spec = fixture.spec().await;
    let mut answers = Vec::new();
    for guess in ["wrong", SECRET] {
        let staging = fixture.variable(own(web, "SEALED"), guess).await;
        let changes = fixture.changes().await;
        let effects: Vec<_> = changes
            .iter()
            .map(|change| crate::consequence::effect_of(&spec, &changes, change))
            .collect();
        answers.push((staging.warnings, changes.len(), effects));
        fixture.discard(&[]).await;
    }

    assert_eq!(answers[0], answers[1]);
    fixture.close().await;
}
