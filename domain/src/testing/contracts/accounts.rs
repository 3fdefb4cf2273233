//! What every [`Accounts`](crate::account::Accounts) promises.

use super::{
    Store,
    fixture::{mutation, name},
};
use crate::{
    Clock, Email, Error, Secret, Set, Timestamp, UserId,
    access::{IdempotencyKey, InstanceRole, KeyScope, Mutation},
    account::{
        ACCESS_TTL, ApiKey, COOKIE_IDLE_TIMEOUT, COOKIE_MAX_AGE, Digest, NewApiKey, NewSession,
        NewTokens, NewUser, REFRESH_GRACE, REFRESH_TTL, Rotation, Session, SessionKind,
    },
    page::Page,
};
use std::time::Duration;

/// Tests that an [`Accounts`](crate::account::Accounts) keeps its promises.
#[macro_export]
macro_rules! accounts_contract {
    ($store:expr) => {
        $crate::contract_claims!(
            accounts,
            $store,
            [
                registration_is_open_until_somebody_has_an_account,
                of_two_first_registrations_at_once_one_wins,
                an_email_has_one_account,
                somebody_is_found_by_email_with_their_hash,
                people_are_listed_newest_first_in_pages,
                an_unknown_user_does_not_exist,
                a_session_is_known_by_its_access_token_until_that_expires,
                use_prolongs_a_browsers_session_up_to_its_end,
                a_refresh_gives_a_new_pair_and_uses_the_old_one_up,
                a_refresh_token_used_again_ends_the_session,
                within_the_grace_a_used_refresh_token_gives_another_pair,
                an_unknown_or_expired_refresh_token_ends_nothing,
                closing_one_session_leaves_the_others,
                a_session_is_closed_by_its_owner_only,
                expired_sessions_are_purged,
                a_key_is_known_by_its_digest_until_it_expires,
                keys_are_listed_and_deleted_by_their_owner_only,
                the_use_of_a_key_is_noted_at_most_once_a_minute,
                the_same_idempotency_key_makes_one_api_key,
            ]
        );
    };
}

fn new_user(email: &str) -> NewUser {
    NewUser {
        email: email.parse().expect("the test's e-mail is one"),
        name: name("Somebody"),
        role: InstanceRole::Member,
        password_hash: Secret::from("$2b$12$hash"),
    }
}

fn digest(byte: u8) -> Digest {
    [byte; 32]
}

fn tokens(now: Timestamp, access: u8, refresh: u8) -> NewTokens {
    NewTokens {
        access: digest(access),
        access_expires_at: now.plus(ACCESS_TTL),
        refresh: digest(refresh),
        expires_at: now.plus(REFRESH_TTL),
    }
}

async fn sign_in(store: &Store, user: UserId, access: u8, refresh: Option<u8>) -> Session {
    let now = store.clock.now();
    let life = if refresh.is_some() { ACCESS_TTL } else { COOKIE_IDLE_TIMEOUT };
    let whole = if refresh.is_some() { REFRESH_TTL } else { COOKIE_IDLE_TIMEOUT };
    let session = NewSession {
        user,
        kind: if refresh.is_some() { SessionKind::Token } else { SessionKind::Browser },
        device: "Firefox on Linux".to_owned(),
        access: digest(access),
        access_expires_at: now.plus(life),
        refresh: refresh.map(digest),
        expires_at: now.plus(whole),
    };
    store.accounts.open_session(session).await.expect("a session is opened")
}

async fn knows(store: &Store, access: u8) -> bool {
    let found = store.accounts.session_by_access(&digest(access)).await;
    found.expect("the store answers").is_some()
}

async fn make_key(store: &Store, by: &Mutation, byte: u8, until: Option<Timestamp>) -> ApiKey {
    let key = NewApiKey {
        description: name("robot"),
        prefix: "abcd1234".to_owned(),
        digest: digest(byte),
        scopes: Set::from([KeyScope::Read, KeyScope::Deploy]),
        project: None,
        expires_at: until,
    };
    store.accounts.create_api_key(by, key).await.expect("a key is made")
}

/// DK-1, DK-2.
pub async fn registration_is_open_until_somebody_has_an_account(store: Store) {
    assert!(!store.accounts.has_users().await.expect("the store answers"));

    let first = store.accounts.register_first(new_user("ann@example.com")).await;
    let second = store.accounts.register_first(new_user("bob@example.com")).await;

    assert_eq!(first.expect("the first one may").role, InstanceRole::Admin);
    assert!(matches!(second, Err(Error::Exists(_))));
    assert!(store.accounts.has_users().await.expect("the store answers"));
}

/// DK-2, W59.
pub async fn of_two_first_registrations_at_once_one_wins(store: Store) {
    let (a, b) = tokio::join!(
        store.accounts.register_first(new_user("ann@example.com")),
        store.accounts.register_first(new_user("bob@example.com")),
    );

    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    let users = store.accounts.users(Page::FIRST).await.expect("the store answers");
    assert_eq!(users.total_count, 1);
}

/// W58: a duplicate e-mail is refused, in any letter case.
pub async fn an_email_has_one_account(store: Store) {
    let first = store.person("ann@example.com").await;
    let by = mutation(first.id, InstanceRole::Admin);

    let again = store.accounts.create_user(&by, new_user("Ann@Example.com")).await;
    let other = store.accounts.create_user(&by, new_user("bob@example.com")).await;

    assert!(matches!(again, Err(Error::Exists(_))));
    assert_eq!(other.expect("another may").role, InstanceRole::Member);
}

/// DK-7: the hash is kept as it is given.
pub async fn somebody_is_found_by_email_with_their_hash(store: Store) {
    let user = store.accounts.register_first(new_user("ann@example.com")).await;
    let email: Email = "ANN@example.com".parse().expect("this is an e-mail");
    let nobody: Email = "bob@example.com".parse().expect("this is an e-mail");

    let found = store.accounts.user_to_sign_in(&email).await.expect("the store answers");
    let none = store.accounts.user_to_sign_in(&nobody).await.expect("the store answers");

    let (found, hash) = found.expect("she has an account");
    assert_eq!(found, user.expect("it was made"));
    assert_eq!(hash.expose(), "$2b$12$hash");
    assert!(none.is_none());
}

/// W31: newest first, also when all were made in one moment.
pub async fn people_are_listed_newest_first_in_pages(store: Store) {
    for who in ["a@example.com", "b@example.com", "c@example.com"] {
        store.person(who).await;
    }

    let page = store.accounts.users(Page::new(1, 1)).await.expect("the store answers");

    assert_eq!((page.total_count, page.offset, page.limit), (3, 1, 1));
    assert_eq!(page.data[0].email.as_str(), "b@example.com");
}

/// Nobody is found under an id that was never given.
pub async fn an_unknown_user_does_not_exist(store: Store) {
    let user = store.accounts.user(UserId::new(uuid::Uuid::nil())).await;

    assert!(matches!(user, Err(Error::NotFound(crate::Resource::User))));
}

/// DK-5.
pub async fn a_session_is_known_by_its_access_token_until_that_expires(store: Store) {
    let user = store.person("ann@example.com").await;
    let session = sign_in(&store, user.id, 1, Some(2)).await;

    let found = store.accounts.session_by_access(&digest(1)).await.expect("the store answers");
    assert_eq!(found.map(|(session, user)| (session.id, user)), Some((session.id, user)));
    assert!(!knows(&store, 2).await, "a refresh token is no access token");

    store.clock.advance(ACCESS_TTL - Duration::from_millis(1));
    assert!(knows(&store, 1).await);
    store.clock.advance(Duration::from_millis(1));
    assert!(!knows(&store, 1).await);
}

/// A browser that is used stays signed in, but not for ever.
pub async fn use_prolongs_a_browsers_session_up_to_its_end(store: Store) {
    let user = store.person("ann@example.com").await;
    sign_in(&store, user.id, 1, None).await;
    let step = COOKIE_IDLE_TIMEOUT - Duration::from_secs(60);

    let mut passed = Duration::ZERO;
    while passed + step < COOKIE_MAX_AGE {
        store.clock.advance(step);
        passed += step;
        assert!(knows(&store, 1).await, "used in time");
    }
    store.clock.advance(COOKIE_MAX_AGE - passed);
    assert!(!knows(&store, 1).await, "its life is over, however much it is used");

    sign_in(&store, user.id, 2, None).await;
    store.clock.advance(COOKIE_IDLE_TIMEOUT);
    assert!(!knows(&store, 2).await, "not used in time");
}

/// DK-6: the whole old pair is dead at once.
pub async fn a_refresh_gives_a_new_pair_and_uses_the_old_one_up(store: Store) {
    let user = store.person("ann@example.com").await;
    let session = sign_in(&store, user.id, 1, Some(2)).await;
    store.clock.advance(Duration::from_secs(60));
    assert!(knows(&store, 1).await);
    let now = store.clock.now();

    let rotation = store.accounts.rotate(&digest(2), tokens(now, 3, 4)).await;

    assert_eq!(rotation.expect("the store answers"), Rotation::Rotated(session.id));
    assert!(!knows(&store, 1).await);
    assert!(knows(&store, 3).await);
    let sessions = store.accounts.sessions(user.id).await.expect("the store answers");
    assert_eq!(sessions.len(), 1, "it is the same session");
    assert_eq!(sessions[0].expires_at, now.plus(REFRESH_TTL));
}

/// W62: whoever uses a stolen token ends the session, also for its successors.
pub async fn a_refresh_token_used_again_ends_the_session(store: Store) {
    let user = store.person("ann@example.com").await;
    sign_in(&store, user.id, 1, Some(2)).await;
    let other = sign_in(&store, user.id, 11, Some(12)).await;
    let now = store.clock.now();
    store.accounts.rotate(&digest(2), tokens(now, 3, 4)).await.expect("the store answers");
    store.clock.advance(REFRESH_GRACE + Duration::from_secs(1));

    let stolen = store.accounts.rotate(&digest(2), tokens(store.clock.now(), 5, 6)).await;

    assert_eq!(stolen.expect("the store answers"), Rotation::Reused);
    for access in [1, 3, 5] {
        assert!(!knows(&store, access).await);
    }
    let successor = store.accounts.rotate(&digest(4), tokens(store.clock.now(), 7, 8)).await;
    assert_ne!(successor.expect("the store answers"), Rotation::Rotated(other.id));
    assert!(!knows(&store, 7).await);
    assert!(knows(&store, 11).await, "other sessions go on");
}

/// Two tabs refresh at once, or an answer is lost.
pub async fn within_the_grace_a_used_refresh_token_gives_another_pair(store: Store) {
    let user = store.person("ann@example.com").await;
    let session = sign_in(&store, user.id, 1, Some(2)).await;
    let (now, used) = (store.clock.now(), digest(2));

    let (a, b) = tokio::join!(
        store.accounts.rotate(&used, tokens(now, 3, 4)),
        store.accounts.rotate(&used, tokens(now, 5, 6)),
    );

    assert_eq!(a.expect("the store answers"), Rotation::Rotated(session.id));
    assert_eq!(b.expect("the store answers"), Rotation::Rotated(session.id));
    assert!(knows(&store, 3).await && knows(&store, 5).await);
    let next = store.accounts.rotate(&digest(6), tokens(now, 7, 8)).await;
    assert_eq!(next.expect("the store answers"), Rotation::Rotated(session.id));
}

/// DK-5: a week without use.
pub async fn an_unknown_or_expired_refresh_token_ends_nothing(store: Store) {
    let user = store.person("ann@example.com").await;
    sign_in(&store, user.id, 1, Some(2)).await;

    let unknown = store.accounts.rotate(&digest(9), tokens(store.clock.now(), 3, 4)).await;
    assert_eq!(unknown.expect("the store answers"), Rotation::Unknown);
    assert!(knows(&store, 1).await);

    store.clock.advance(REFRESH_TTL);
    let expired = store.accounts.rotate(&digest(2), tokens(store.clock.now(), 3, 4)).await;
    assert_eq!(expired.expect("the store answers"), Rotation::Unknown);
    assert!(!knows(&store, 3).await);
}

/// W62.
pub async fn closing_one_session_leaves_the_others(store: Store) {
    let user = store.person("ann@example.com").await;
    let first = sign_in(&store, user.id, 1, Some(2)).await;
    sign_in(&store, user.id, 3, None).await;

    for _ in 0..2 {
        store.accounts.close_session(user.id, first.id).await.expect("gone already is fine");
    }

    assert!(!knows(&store, 1).await);
    assert!(knows(&store, 3).await);
    let refresh = store.accounts.rotate(&digest(2), tokens(store.clock.now(), 5, 6)).await;
    assert_eq!(refresh.expect("the store answers"), Rotation::Unknown);
    assert_eq!(store.accounts.sessions(user.id).await.expect("the store answers").len(), 1);
}

/// Nobody signs somebody else's device out.
pub async fn a_session_is_closed_by_its_owner_only(store: Store) {
    let ann = store.person("ann@example.com").await;
    let bob = store.person("bob@example.com").await;
    let session = sign_in(&store, ann.id, 1, None).await;

    store.accounts.close_session(bob.id, session.id).await.expect("it says nothing");

    assert!(knows(&store, 1).await);
    assert!(store.accounts.sessions(bob.id).await.expect("the store answers").is_empty());
}

/// What has expired is forgotten, the rest is kept.
pub async fn expired_sessions_are_purged(store: Store) {
    let user = store.person("ann@example.com").await;
    sign_in(&store, user.id, 1, Some(2)).await;
    store.clock.advance(REFRESH_TTL);
    sign_in(&store, user.id, 3, None).await;

    assert_eq!(store.accounts.purge_sessions().await.expect("the store answers"), 1);
    assert_eq!(store.accounts.purge_sessions().await.expect("the store answers"), 0);
    assert!(knows(&store, 3).await);
}

/// DK-13, DK-16.
pub async fn a_key_is_known_by_its_digest_until_it_expires(store: Store) {
    let user = store.person("ann@example.com").await;
    let by = mutation(user.id, user.role);
    let until = store.clock.now().plus(Duration::from_secs(60));
    let key = make_key(&store, &by, 1, Some(until)).await;
    make_key(&store, &by, 2, None).await;

    let found = store.accounts.api_key_by_digest(&digest(1)).await.expect("the store answers");
    let (found, owner) = found.expect("the key is known");
    assert_eq!((found.id, found.prefix, found.scopes), (key.id, key.prefix, key.scopes));
    assert_eq!(owner, user);
    let unknown = store.accounts.api_key_by_digest(&digest(9)).await.expect("the store answers");
    assert!(unknown.is_none());

    store.clock.advance(Duration::from_secs(60));
    let expired = store.accounts.api_key_by_digest(&digest(1)).await.expect("the store answers");
    let lasting = store.accounts.api_key_by_digest(&digest(2)).await.expect("the store answers");
    assert!(expired.is_none() && lasting.is_some());
}

/// DK-14.
pub async fn keys_are_listed_and_deleted_by_their_owner_only(store: Store) {
    let ann = store.person("ann@example.com").await;
    let bob = store.person("bob@example.com").await;
    let (ann, bob) = (mutation(ann.id, ann.role), mutation(bob.id, bob.role));
    let first = make_key(&store, &ann, 1, None).await;
    let second = make_key(&store, &ann, 2, None).await;
    make_key(&store, &bob, 3, None).await;

    let listed = store.accounts.api_keys(ann.actor.user, Page::FIRST).await;
    let ids: Vec<_> = listed.expect("the store answers").data.iter().map(|key| key.id).collect();
    assert_eq!(ids, [second.id, first.id], "newest first");

    let foreign = store.accounts.delete_api_key(&bob, first.id).await;
    assert!(matches!(foreign, Err(Error::NotFound(crate::Resource::ApiKey))));
    store.accounts.delete_api_key(&ann, first.id).await.expect("its owner may");
    let gone = store.accounts.api_key_by_digest(&digest(1)).await.expect("the store answers");
    assert!(gone.is_none());
    let twice = store.accounts.delete_api_key(&ann, first.id).await;
    assert!(matches!(twice, Err(Error::NotFound(_))));
}

/// DK-15.
pub async fn the_use_of_a_key_is_noted_at_most_once_a_minute(store: Store) {
    let user = store.person("ann@example.com").await;
    make_key(&store, &mutation(user.id, user.role), 1, None).await;
    let used = async || {
        store.accounts.api_key_by_digest(&digest(1)).await.expect("the store answers");
        let listed = store.accounts.api_keys(user.id, Page::FIRST).await;
        listed.expect("the store answers").data[0].last_used_at
    };

    let first = store.clock.now();
    assert_eq!(used().await, Some(first));
    store.clock.advance(Duration::from_secs(59));
    assert_eq!(used().await, Some(first));
    store.clock.advance(Duration::from_secs(1));
    assert_eq!(used().await, Some(store.clock.now()));
}

/// A retry is recognised.
pub async fn the_same_idempotency_key_makes_one_api_key(store: Store) {
    let user = store.person("ann@example.com").await;
    let key = IdempotencyKey::try_from("retry-1").expect("this is a key");
    let by = Mutation { idempotency: Some(key), ..mutation(user.id, user.role) };

    let first = make_key(&store, &by, 1, None).await;
    let again = make_key(&store, &by, 2, None).await;

    assert_eq!(first.id, again.id);
    let listed = store.accounts.api_keys(user.id, Page::FIRST).await.expect("the store answers");
    assert_eq!(listed.total_count, 1);
}
