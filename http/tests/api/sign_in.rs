//! What signing in costs: those who do, those who do not, and those who try for others.

use crate::{
    app::{CLAIM, PASSWORD, TestApp},
    client::{Client, Reply},
};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody signs in, and is let through in their turn: nobody waits longer.
async fn sign_in(app: &TestApp, client: &Client, password: &str) -> Reply {
    let body = json!({ "email": "admin@example.org", "password": password });
    let in_turn = async { app.clock.advance(Duration::from_secs(15)) };
    tokio::join!(client.post("/auth/login", body), in_turn).0
}

/// The same, who is not held up at all.
async fn sign_in_at_once(client: &Client, password: &str) -> u16 {
    let body = json!({ "email": "admin@example.org", "password": password });
    client.post("/auth/login", body).await.status
}

// DK-8, S04
#[tokio::test]
async fn after_five_wrong_passwords_each_one_makes_the_next_wait_and_the_right_one_gets_in() {
    let app = TestApp::new().await;
    let client = app.anonymous().peer("192.0.2.1");

    let mut answers = Vec::new();
    for _ in 0..20 {
        let wrong = sign_in(&app, &client, "wrong password").await;
        answers.push((wrong.status, wrong.header("retry-after").to_owned()));
    }
    let right = sign_in(&app, &client, PASSWORD).await;

    assert!(answers[..5].iter().all(|(status, _)| *status == 401), "{answers:?}");
    let waits: Vec<_> = answers[5..].iter().map(|(_, wait)| wait.as_str()).collect();
    assert!(answers[5..].iter().all(|(status, _)| *status == 429), "{answers:?}");
    assert_eq!(waits[0], "2");
    assert!(waits[1..].iter().all(|wait| *wait == "4"), "{waits:?}");
    assert_eq!(right.status, 200);
}

// S04: what a client says of itself counts for nothing.
#[tokio::test]
async fn a_forged_forwarded_address_resets_no_limit() {
    for trusted in [vec![], vec!["10.0.0.0/8".parse().expect("a network")]] {
        let mut app = TestApp::with(|config| config.trusted_proxies = trusted).await;
        app.claim().await;

        let mut last = 0;
        for number in 0..6 {
            let forged = format!("198.51.100.{number}");
            let client = app.anonymous().peer("192.0.2.1").header("x-forwarded-for", &forged);
            let client = client.header("forwarded", &format!("for={forged}"));
            last = sign_in(&app, &client, "wrong password").await.status;
        }

        assert_eq!(last, 429);
    }
}

// S04: nor does what it says to a proxy that is trusted.
#[tokio::test]
async fn what_stands_left_of_what_the_proxy_says_resets_no_limit() {
    let mut app =
        TestApp::with(|config| config.trusted_proxies = vec!["10.0.0.1/32".parse().expect("one")])
            .await;
    app.claim().await;

    let mut last = 0;
    for number in 0..6 {
        let told = format!("198.51.100.{number}, 203.0.113.5");
        let client = app.anonymous().peer("10.0.0.1").header("x-forwarded-for", &told);
        last = sign_in(&app, &client, "wrong password").await.status;
    }

    assert_eq!(last, 429);
}

// S04
#[tokio::test]
async fn clients_of_a_trusted_proxy_do_not_wait_for_each_other() {
    let mut app =
        TestApp::with(|config| config.trusted_proxies = vec!["10.0.0.1/32".parse().expect("one")])
            .await;
    app.claim().await;
    let through_proxy =
        |client: &str| app.anonymous().peer("10.0.0.1").header("x-forwarded-for", client);
    for _ in 0..8 {
        sign_in(&app, &through_proxy("198.51.100.1"), "wrong password").await;
    }

    let neighbour = through_proxy("198.51.100.2");

    assert_eq!(sign_in_at_once(&neighbour, "wrong password").await, 401, "one that counts afresh");
    assert_eq!(sign_in_at_once(&neighbour, PASSWORD).await, 200);
}

// S04: a whole network guesses, and the owner gets in from where she has been before.
#[tokio::test]
async fn many_guessers_at_once_do_not_hold_up_who_has_signed_in_before() {
    let app = TestApp::new().await;
    let home = app.anonymous().peer("192.0.2.1");
    assert_eq!(sign_in_at_once(&home, PASSWORD).await, 200);
    for number in 0..30 {
        let guesser = app.anonymous().peer(&format!("198.51.100.{number}"));
        sign_in(&app, &guesser, "wrong password").await;
    }
    let guesses = join_all((0..30).map(|number| {
        let guesser = app.anonymous().peer(&format!("203.0.113.{number}"));
        async move { sign_in_at_once(&guesser, "wrong password").await }
    }));
    let mut guesses = Box::pin(guesses);

    let status = tokio::select! {
        biased;
        _ = &mut guesses => panic!("guesses wait for their turn"),
        status = sign_in_at_once(&home, PASSWORD) => status,
    };

    assert_eq!(status, 200);
}

// S04, S12
#[tokio::test]
async fn a_right_claim_token_is_let_in_however_many_were_wrong() {
    let app = TestApp::unclaimed().await;
    let client = app.anonymous().peer("192.0.2.1");
    let claim = |token: &str| -> Value {
        json!({ "claim_token": token, "email": "a@b", "name": "Ada", "password": PASSWORD })
    };

    let mut wrong = Vec::new();
    for _ in 0..20 {
        wrong.push(client.post("/auth/register", claim("guess")).await);
    }
    let right = client.post("/auth/register", claim(CLAIM)).await;

    let statuses: Vec<_> = wrong.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [[403; 5].as_slice(), &[429; 15]].concat());
    assert!(wrong[19].header("retry-after").parse::<u64>().is_ok_and(|wait| wait > 8));
    assert_eq!(right.status, 201);
}

// S02: a crowd at the door holds up nobody who is in.
#[tokio::test]
async fn a_hundred_sign_ins_at_once_hold_up_no_read() {
    let mut app = TestApp::with(|config| config.password_cost = 9).await;
    app.claim().await;
    app.project("Shop").await;
    let sign_in = async |number: u8| {
        let body = json!({ "email": format!("p{number}@example.org"), "password": "some guess" });
        let client = app.anonymous().peer(&format!("10.0.0.{number}"));
        client.post("/auth/login", body).await.status
    };
    let crowd = join_all((0..100).map(sign_in));
    let reads = async {
        for _ in 0..100 {
            assert_eq!(app.admin.get("/projects").await.status, 200);
            tokio::task::yield_now().await;
        }
    };
    let mut crowd = Box::pin(crowd);

    tokio::select! {
        biased;
        _ = &mut crowd => panic!("all had signed in before a hundred reads were answered"),
        () = reads => (),
    }

    assert!(crowd.await.iter().all(|status| *status == 401));
}
