//! What every [`Accounts`](crate::account::Accounts) promises.

use super::{
    Store,
    fixture::{mutation, name},
};
use crate::{
    Clock, Email, Error, Secret, Set, Timestamp, UserId,
    access::{IdempotencyKey, InstanceRole, KeyScope, Mutation},
    account::{ApiKey, Digest, MAX_API_KEYS, NewApiKey, NewUser},
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
                a_person_has_so_many_keys_and_no_more,
                a_key_is_known_by_its_digest_until_it_expires,
                keys_are_listed_and_deleted_by_their_owner_only,
                the_use_of_a_key_is_noted_at_most_once_a_minute,
                the_same_idempotency_key_makes_one_api_key,
            ]
        );
        $crate::contract_claims!(
            sessions,
            $store,
            [
                a_session_is_known_by_its_access_token_until_that_expires,
                use_prolongs_a_browsers_session_up_to_its_end,
                a_refresh_gives_a_new_pair_and_uses_the_old_one_up,
                a_refresh_token_used_again_ends_the_session,
                within_the_grace_a_used_refresh_token_gives_the_same_pair,
                a_token_session_ends_for_good_after_its_greatest_age,
                an_unknown_or_expired_refresh_token_ends_nothing,
                closing_one_session_leaves_the_others,
                a_session_is_closed_by_its_owner_only,
                expired_sessions_are_purged,
                a_person_has_so_many_sessions_and_no_more,
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

/// S66.
pub async fn a_person_has_so_many_keys_and_no_more(store: Store) {
    let ann = store.person("ann@example.com").await;
    let bob = store.person("bob@example.com").await;
    let (ann, bob) = (mutation(ann.id, ann.role), mutation(bob.id, bob.role));
    let most = u8::try_from(MAX_API_KEYS).expect("they are few");
    let mut last = None;
    for number in 0..most {
        last = Some(make_key(&store, &ann, number, None).await);
    }
    let key = |byte: u8| NewApiKey {
        description: name("robot"),
        prefix: "abcd1234".to_owned(),
        digest: digest(byte),
        scopes: Set::from([KeyScope::Read]),
        project: None,
        expires_at: None,
    };

    let refused = store.accounts.create_api_key(&ann, key(most)).await;

    assert!(matches!(refused, Err(Error::InvalidState(_))), "{refused:?}");
    store.accounts.create_api_key(&bob, key(most)).await.expect("others have room");
    let last = last.expect("one was made").id;
    store.accounts.delete_api_key(&ann, last).await.expect("it is there");
    store.accounts.create_api_key(&ann, key(most + 1)).await.expect("there is room again");
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
