//! What every [`Accounts`](crate::account::Accounts) promises of sessions.

use super::{Store, fixture::mutation};
use crate::{
    Clock, SessionId, Timestamp, UserId,
    access::{InstanceRole, RequestOrigin},
    account::{
        ACCESS_TTL, COOKIE_IDLE_TIMEOUT, COOKIE_MAX_AGE, Digest, MAX_SESSIONS, NewSession,
        NewTokens, REFRESH_GRACE, REFRESH_TTL, Rotation, Session, SessionKind, TOKEN_MAX_AGE,
    },
};
use std::time::Duration;

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
        origin: RequestOrigin::default(),
    };
    store.accounts.open_session(session).await.expect("a session is opened")
}

/// Trades a refresh token; the session whose new pair counts.
async fn rotate(store: &Store, refresh: u8, new: NewTokens) -> Result<SessionId, Rotation> {
    let origin = RequestOrigin::default();
    let rotation = store.accounts.rotate(&digest(refresh), new, &origin).await;
    match rotation.expect("the store answers") {
        Rotation::Rotated { session, .. } => Ok(session),
        other => Err(other),
    }
}

/// Ends a session, as somebody does it themselves.
async fn close(store: &Store, user: UserId, session: SessionId) {
    let by = mutation(user, InstanceRole::Member);
    store.accounts.close_session(&by, session).await.expect("gone already is fine");
}

async fn until(store: &Store, access: u8) -> Option<Timestamp> {
    store.accounts.access_until(&digest(access)).await.expect("the store answers")
}

async fn knows(store: &Store, access: u8) -> bool {
    let found = store.accounts.session_by_access(&digest(access)).await;
    found.expect("the store answers").is_some()
}

/// DK-5.
pub async fn a_session_is_known_by_its_access_token_until_that_expires(store: Store) {
    let user = store.person("ann@example.com").await;
    let session = sign_in(&store, user.id, 1, Some(2)).await;

    let found = store.accounts.session_by_access(&digest(1)).await.expect("the store answers");
    assert_eq!(found.map(|(session, user)| (session.id, user)), Some((session.id, user)));
    assert!(!knows(&store, 2).await, "a refresh token is no access token");
    let end = store.clock.now().plus(ACCESS_TTL);
    assert_eq!(until(&store, 1).await, Some(end), "and it can be told when that is");
    assert_eq!(until(&store, 2).await, None);

    store.clock.advance(ACCESS_TTL - Duration::from_millis(1));
    assert!(knows(&store, 1).await);
    store.clock.advance(Duration::from_millis(1));
    assert!(!knows(&store, 1).await);
    assert_eq!(until(&store, 1).await, None);
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

    let rotation = rotate(&store, 2, tokens(now, 3, 4)).await;

    assert_eq!(rotation, Ok(session.id));
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
    rotate(&store, 2, tokens(now, 3, 4)).await.expect("it counts");
    store.clock.advance(REFRESH_GRACE + Duration::from_secs(1));

    let stolen = rotate(&store, 2, tokens(store.clock.now(), 5, 6)).await;

    assert_eq!(stolen, Err(Rotation::Reused));
    for access in [1, 3, 5] {
        assert!(!knows(&store, access).await);
    }
    let successor = rotate(&store, 4, tokens(store.clock.now(), 7, 8)).await;
    assert_ne!(successor, Ok(other.id));
    assert!(!knows(&store, 7).await);
    assert!(knows(&store, 11).await, "other sessions go on");
}

/// S06. Two processes refresh at once, or an answer is lost: of one token comes one successor.
pub async fn within_the_grace_a_used_refresh_token_gives_the_same_pair(store: Store) {
    let user = store.person("ann@example.com").await;
    let session = sign_in(&store, user.id, 1, Some(2)).await;
    let (now, origin) = (store.clock.now(), RequestOrigin::default());
    let again = async || {
        let new = tokens(store.clock.now(), 3, 4);
        store.accounts.rotate(&digest(2), new, &origin).await.expect("the store answers")
    };

    let (a, b) = tokio::join!(again(), again());
    store.clock.advance(REFRESH_GRACE);
    let late = again().await;

    let (access_expires_at, expires_at) = (now.plus(ACCESS_TTL), now.plus(REFRESH_TTL));
    let rotated = Rotation::Rotated { session: session.id, access_expires_at, expires_at };
    assert_eq!([a, b, late], [rotated; 3], "with the ends of the first");
    assert!(knows(&store, 3).await);
    let thief = rotate(&store, 2, tokens(store.clock.now(), 5, 6)).await;
    assert_eq!(thief, Err(Rotation::Unknown), "no second successor");
    assert!(!knows(&store, 5).await);
    let next = rotate(&store, 4, tokens(store.clock.now(), 7, 8)).await;
    assert_eq!(next, Ok(session.id));
    let gone = again().await;
    assert_eq!(gone, Rotation::Unknown, "what was traded on is not told again");
}

/// S08. However often it is refreshed.
pub async fn a_token_session_ends_for_good_after_its_greatest_age(store: Store) {
    let user = store.person("ann@example.com").await;
    let opened = store.clock.now();
    sign_in(&store, user.id, 1, Some(2)).await;
    let step = REFRESH_TTL - Duration::from_secs(60);

    let (mut passed, mut refresh) = (Duration::ZERO, 2);
    while passed + step < TOKEN_MAX_AGE {
        store.clock.advance(step);
        passed += step;
        let new = tokens(store.clock.now(), refresh + 1, refresh + 2);
        let session = rotate(&store, refresh, new).await;
        session.expect("it is refreshed in time");
        refresh += 2;
    }

    let session = store.accounts.sessions(user.id).await.expect("the store answers").remove(0);
    assert_eq!(session.expires_at, opened.plus(TOKEN_MAX_AGE));
    store.clock.advance(TOKEN_MAX_AGE - passed);
    let over = rotate(&store, refresh, tokens(store.clock.now(), 101, 102)).await;
    assert_eq!(over, Err(Rotation::Unknown));
    assert!(!knows(&store, refresh - 1).await);
}

/// DK-5: a week without use.
pub async fn an_unknown_or_expired_refresh_token_ends_nothing(store: Store) {
    let user = store.person("ann@example.com").await;
    sign_in(&store, user.id, 1, Some(2)).await;

    let unknown = rotate(&store, 9, tokens(store.clock.now(), 3, 4)).await;
    assert_eq!(unknown, Err(Rotation::Unknown));
    assert!(knows(&store, 1).await);

    store.clock.advance(REFRESH_TTL);
    let expired = rotate(&store, 2, tokens(store.clock.now(), 3, 4)).await;
    assert_eq!(expired, Err(Rotation::Unknown));
    assert!(!knows(&store, 3).await);
}

/// W62.
pub async fn closing_one_session_leaves_the_others(store: Store) {
    let user = store.person("ann@example.com").await;
    let first = sign_in(&store, user.id, 1, Some(2)).await;
    sign_in(&store, user.id, 3, None).await;

    for _ in 0..2 {
        close(&store, user.id, first.id).await;
    }

    assert!(!knows(&store, 1).await);
    assert!(knows(&store, 3).await);
    let refresh = rotate(&store, 2, tokens(store.clock.now(), 5, 6)).await;
    assert_eq!(refresh, Err(Rotation::Unknown));
    assert_eq!(store.accounts.sessions(user.id).await.expect("the store answers").len(), 1);
}

/// Nobody signs somebody else's device out.
pub async fn a_session_is_closed_by_its_owner_only(store: Store) {
    let ann = store.person("ann@example.com").await;
    let bob = store.person("bob@example.com").await;
    let session = sign_in(&store, ann.id, 1, None).await;

    close(&store, bob.id, session.id).await;

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

/// S66. The one that was not used for the longest goes, so that nobody is kept out.
pub async fn a_person_has_so_many_sessions_and_no_more(store: Store) {
    let ann = store.person("ann@example.com").await;
    let bob = store.person("bob@example.com").await;
    sign_in(&store, bob.id, 255, None).await;
    sign_in(&store, ann.id, 0, None).await;
    store.clock.advance(Duration::from_secs(60));
    let most = u8::try_from(MAX_SESSIONS).expect("they are few");
    for number in 1..most {
        sign_in(&store, ann.id, number, None).await;
    }
    store.clock.advance(Duration::from_secs(60));
    assert!(knows(&store, 0).await, "used just now");

    sign_in(&store, ann.id, most, None).await;

    let sessions = store.accounts.sessions(ann.id).await.expect("the store answers");
    assert_eq!(sessions.len() as u64, MAX_SESSIONS);
    assert!(knows(&store, 0).await && knows(&store, most).await);
    assert!(!knows(&store, 1).await, "the one that was not used for the longest");
    assert!(knows(&store, 255).await, "another's stays");
}
