//! Real workloads: nginx, Redis, PostgreSQL and one that finds them by name.

use crate::{server::Server, until};
use serde_json::{Value, json};

fn image(name: &str, image: &str, port: u16) -> Value {
    json!({
        "name": name,
        "source": { "kind": "image", "image": image, "pull": "never" },
        "ports": [{ "number": port }],
    })
}

#[tokio::test]
async fn nginx_redis_and_postgres_answer_and_find_each_other() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let mut postgres = image("Postgres", "easel-test/postgres:15", 5432);
    postgres["variables"] = json!({
        "POSTGRES_PASSWORD": { "value": "s3cret words", "sealed": true },
        "POSTGRES_DB": { "value": "shop" },
    });
    let mut redis = image("Redis", "easel-test/redis:7", 6379);
    redis["variables"] = json!({ "REDIS_PASSWORD": { "value": "also secret" } });
    let postgres_id = project.stage_service(postgres).await;
    project
        .stage(&[json!({
            "op": "create_volume", "name": "postgres data",
            "mount": { "service": postgres_id, "path": "/var/lib/postgresql/data" },
        })])
        .await;
    let redis_id = project.stage_service(redis).await;
    let nginx_id = project.stage_service(image("Web", "easel-test/nginx:1", 80)).await;
    project.apply("a whole shop").await;
    for id in [&postgres_id, &redis_id, &nginx_id] {
        project.until_running(id).await;
    }
    let web = engine.container_of("web").await;
    let redis = engine.container_of("redis").await;
    let postgres = engine.container_of("postgres").await;

    let address = engine.address_of(&web).await;
    let page = reqwest::get(format!("http://{address}/")).await.expect("an answer");
    assert!(page.status().is_success(), "{}", page.status());

    // Redis asks a stranger for the password: so it was found, and it answered.
    let ping = "exec 3<>/dev/tcp/redis/6379; printf 'PING\\r\\n' >&3; head -c7 <&3";
    let answer = engine.exec(&postgres, &["bash", "-c", ping]).await;
    assert!(answer.contains("NOAUTH"), "{answer}");
    let by_name = engine.exec(&redis, &["redis-cli", "-h", "redis", "-a", "also secret", "ping"]);
    assert!(by_name.await.contains("PONG"));
    let sql = "create table item (name text); insert into item values ('easel'); \
               select name from item";
    let stored = engine
        .exec(
            &postgres,
            &[
                "env",
                "PGPASSWORD=s3cret words",
                "psql",
                "-h",
                "postgres",
                "-U",
                "postgres",
                "-tA",
                "shop",
                "-c",
                sql,
            ],
        )
        .await;
    assert!(stored.contains("easel"), "{stored}");

    // A database on a volume stops first, and finds its data again.
    let path = project.path(&format!("services/{postgres_id}/redeploy"));
    api.post(&path, &json!({ "message": "same data?" })).await;
    until("the new database", async || {
        let now = engine.containers_of("postgres").await;
        (now.len() == 1 && now[0].id.as_ref() != Some(&postgres)).then_some(())
    })
    .await;
    project.until_running(&postgres_id).await;
    let postgres = engine.container_of("postgres").await;
    let found = until("the data", async || {
        let found = engine
            .exec(
                &postgres,
                &[
                    "env",
                    "PGPASSWORD=s3cret words",
                    "psql",
                    "-h",
                    "postgres",
                    "-U",
                    "postgres",
                    "-tA",
                    "shop",
                    "-c",
                    "select name from item",
                ],
            )
            .await;
        found.contains("easel").then_some(found)
    })
    .await;
    assert_eq!(found.trim(), "easel");
}
