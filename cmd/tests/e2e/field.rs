//! Fields of a service, from the canvas, the API and the command line to the container.

use crate::{
    api::{Project, web},
    browser::Window,
    cli::Cli,
    server::Server,
};
use serde_json::{Map, Value, json};

/// A field, what is set by each way, and what the engine then says of the container.
struct Case {
    word: &'static str,
    canvas: &'static str,
    api: Value,
    terminal: &'static str,
    /// Where the engine says it.
    at: &'static str,
    said: [Value; 3],
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            word: "stop_signal",
            canvas: "int",
            api: json!("SIGQUIT"),
            terminal: "SIGRTMIN+3",
            at: "/Config/StopSignal",
            said: [json!("SIGINT"), json!("SIGQUIT"), json!("SIGRTMIN+3")],
        },
        Case {
            word: "stop_grace_period",
            canvas: "3",
            api: json!("1m 30s"),
            terminal: "2s",
            at: "/Config/StopTimeout",
            said: [json!(3), json!(90), json!(2)],
        },
        Case {
            word: "shm_size",
            canvas: "128",
            api: json!("256 MiB"),
            terminal: "1g",
            at: "/HostConfig/ShmSize",
            said: [json!(128 << 20), json!(256 << 20), json!(1_u64 << 30)],
        },
        Case {
            word: "working_dir",
            canvas: "/bin",
            api: json!("/tmp"),
            terminal: "/usr",
            at: "/Config/WorkingDir",
            said: [json!("/bin"), json!("/tmp"), json!("/usr")],
        },
        Case {
            word: "user",
            canvas: "0:0",
            api: json!("1000"),
            terminal: "root",
            at: "/Config/User",
            said: [json!("0:0"), json!("1000"), json!("root")],
        },
        Case {
            word: "entrypoint",
            canvas: "/bin/busybox",
            api: json!(["/bin/busybox"]),
            terminal: "/bin/busybox",
            at: "/Config/Entrypoint",
            said: [json!(["/bin/busybox"]), json!(["/bin/busybox"]), json!(["/bin/busybox"])],
        },
    ]
}

/// Applies what is staged, and looks at the container that comes of it.
async fn container(server: &Server, project: &Project<'_>, id: &str, message: &str) -> Value {
    let applied = project.apply(message).await;
    assert_eq!(applied["deployments"].as_array().map(Vec::len), Some(1), "{applied:#}");
    project.until_running(id).await;
    let engine = server.engine();
    let container = crate::until("one container", async || {
        let now = engine.containers_of("web").await;
        (now.len() == 1).then(|| now[0].id.clone()).flatten()
    })
    .await;
    serde_json::to_value(engine.inspect(&container).await).expect("it is JSON")
}

fn assert_all(inspected: &Value, way: usize) {
    for case in cases() {
        assert_eq!(inspected.pointer(case.at), Some(&case.said[way]), "{}", case.word);
    }
}

#[tokio::test]
async fn a_field_reaches_the_container_from_the_canvas_the_api_and_the_command_line() {
    let (server, api) = Server::claimed().await;
    let project = api.project("Shop").await;
    let id = project.run(web("web")).await;

    let window = Window::open(&format!("{}/login", server.url)).await;
    window.sign_in().await;
    let panel = format!("{}/projects/{}/services/web/settings", server.url, project.id);
    window.go(&panel).await;
    for case in cases() {
        // Until the canvas is connected nothing can be written in.
        let field = format!("#{}:not(:disabled)", case.word);
        window.fill(&field, case.canvas).await;
        window.click(&format!("[data-test=setting-{}] .button--primary", case.word)).await;
        let staged = format!("[data-test=setting-{}] [data-test=setting-staged]", case.word);
        window.wait_for(&staged).await;
    }
    window.close().await;
    assert_all(&container(&server, &project, &id, "canvas").await, 0);

    let body: Map<String, Value> =
        cases().into_iter().map(|case| (case.word.to_owned(), case.api)).collect();
    let path = project.path(&format!("services/{id}"));
    let (status, said) = api.call(reqwest::Method::PATCH, &path, Some(&Value::Object(body))).await;
    assert!(status.is_success(), "{said:#}");
    assert_all(&container(&server, &project, &id, "api").await, 1);

    let cli = Cli::new();
    cli.login(&server.url).await;
    cli.run(&["projects", "use", "shop"]).await;
    let mut words = vec!["stage".to_owned(), "set".to_owned(), "web".to_owned()];
    for case in cases() {
        words.extend([format!("--{}", case.word.replace('_', "-")), case.terminal.to_owned()]);
    }
    cli.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_all(&container(&server, &project, &id, "command line").await, 2);
}
