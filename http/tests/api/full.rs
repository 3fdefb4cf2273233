//! A disk without space, as memory plays it: how it is found out is the store's own test.

use crate::app::TestApp;
use serde_json::json;

// Writes answer 507 then: nobody shall be sent here.
#[tokio::test]
async fn a_full_disk_is_not_ready_and_says_what_to_do() {
    let app = TestApp::unclaimed().await;
    app.rows.store.set_full(true);

    let full = app.anonymous().get("/ready").await;
    app.rows.store.set_full(false);
    let freed = app.anonymous().get("/ready").await;

    assert_eq!((full.status, &full.body["ready"]), (503, &json!(false)), "{}", full.raw);
    assert_eq!((&full.body["database"], &full.body["space"]), (&json!(true), &json!(false)));
    assert_eq!(
        full.body["advice"],
        json!([
            "The disk that holds Easel's data is full; free some space, until then nothing can be \
             changed."
        ])
    );
    assert_eq!((freed.status, &freed.body["advice"]), (200, &json!([])));
}
