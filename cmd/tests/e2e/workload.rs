//! Real workloads: nginx, Redis, PostgreSQL and one that finds them by name.

use crate::{browser::Window, engine::Engine, server::Server, until};
use serde_json::{Value, json};

fn image(name: &str, image: &str, port: u16, at: (i32, i32)) -> Value {
    json!({
        "name": name,
        "position": { "x": at.0, "y": at.1 },
        "source": { "kind": "image", "image": image, "pull": "never" },
        "ports": [{ "number": port }],
    })
}

#[tokio::test]
async fn nginx_redis_and_postgres_deployed_from_the_canvas_answer_and_find_each_other() {
    let (server, api) = Server::claimed().await;
    let engine = server.engine();
    let project = api.project("Shop").await;
    let mut postgres = image("Postgres", "easel-test/postgres:15", 5432, (380, -110));
    postgres["variables"] = json!({
        "POSTGRES_PASSWORD": { "value": "s3cret words", "sealed": true },
        "POSTGRES_DB": { "value": "shop" },
    });
    let mut redis = image("Redis", "easel-test/redis:7", 6379, (380, 110));
    redis["variables"] = json!({ "REDIS_PASSWORD": { "value": "also secret" } });
    let postgres_id = project.stage_service(postgres).await;
    project
        .stage(&[json!({
            "op": "create_volume", "name": "postgres data",
            "mount": { "service": postgres_id, "path": "/var/lib/postgresql/data" },
        })])
        .await;
    let redis_id = project.stage_service(redis).await;
    let mut web = image("Web", "easel-test/nginx:1", 80, (0, 0));
    web["variables"] = json!({
        "DATABASE": { "value": "${{postgres.HOST}}:${{postgres.PORT}}" },
        "CACHE": { "value": "${{redis.HOST}}:${{redis.PORT}}" },
    });
    let web_id = project.stage_service(web).await;

    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    window.go(&format!("{}/projects/{}", server.url, project.id)).await;
    window.press("Details").await;
    window.fill("#apply-message", "A whole shop").await;
    window.click("[role=dialog] .button--primary").await;
    for id in [&postgres_id, &redis_id, &web_id] {
        project.until_running(id).await;
    }
    let all_run = "[...document.querySelectorAll('[data-test=card]')]\
        .filter((card) => card.innerText.includes('Running')).length === 3";
    window.until("three cards that run", all_run).await;
    project
        .stage(&[json!({
            "op": "set", "address": format!("service/{web_id}/replicas"),
            "content": { "replicas": 2 },
        })])
        .await;
    window.read("main", "1 change").await;
    window.screenshot("14-shop").await;
    window.close().await;

    let web = engine.container_of("web").await;
    let redis = engine.container_of("redis").await;
    let postgres = engine.container_of("postgres").await;
    let address = engine.address_of(&web).await;
    let page = reqwest::get(format!("http://{address}/")).await.expect("an answer");
    assert!(page.status().is_success(), "{}", page.status());

    // Each finds the others by the addresses that its variables hold. Redis asks a stranger for the
    // password: so it was found, and it answered. PostgreSQL takes a request for TLS, and says no.
    let ping = |to: &str| format!("exec 3<>/dev/tcp/{to}; printf 'PING\\r\\n' >&3; head -c7 <&3");
    let tls = |to: &str| {
        let request = "\\0\\0\\0\\10\\4\\322\\26\\57";
        format!("exec 3<>/dev/tcp/{to}; printf '{request}' >&3; head -c1 <&3")
    };
    let bash =
        async |container: &str, script: &str| engine.exec(container, &["bash", "-c", script]).await;
    assert!(bash(&web, &ping("${CACHE/://}")).await.contains("NOAUTH"));
    assert_eq!(bash(&web, &tls("${DATABASE/://}")).await, "N");
    assert!(bash(&postgres, &ping("redis/6379")).await.contains("NOAUTH"));
    assert!(
        bash(
            &postgres,
            "exec 3<>/dev/tcp/web/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -c8 <&3"
        )
        .await
        .contains("HTTP/1")
    );
    assert_eq!(bash(&redis, &tls("postgres/5432")).await, "N");
    let by_name = engine.exec(&redis, &["redis-cli", "-h", "redis", "-a", "also secret", "ping"]);
    assert!(by_name.await.contains("PONG"));
    let sql = "create table item (name text); insert into item values ('easel'); \
               select name from item";
    let stored = psql(&engine, &postgres, sql).await;
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
        let found = psql(&engine, &postgres, "select name from item").await;
        found.contains("easel").then_some(found)
    })
    .await;
    assert_eq!(found.trim(), "easel");
}

/// As a client of the service's own name, with its password.
async fn psql(engine: &Engine, postgres: &str, sql: &str) -> String {
    let client = ["env", "PGPASSWORD=s3cret words", "psql", "-h", "postgres", "-U", "postgres"];
    engine.exec(postgres, &[&client[..], &["-tA", "shop", "-c", sql]].concat()).await
}
