use super::*;
use domain::outbound::AllowedHost;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A server on the loopback that answers everything alike, and counts who came.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn answering(answer: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let (answer, asked) = (answer.into(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn to(location: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    )
}

fn allowing(hosts: &[&str]) -> GuardedClient {
    let allowed = hosts.iter().map(|host| host.parse::<AllowedHost>().expect("a host"));
    GuardedClient::new(allowed.collect())
}

fn is_refused<T>(result: Result<T, OutboundError>) -> bool {
    matches!(result, Err(OutboundError::Refused { .. } | OutboundError::Invalid(_)))
}

// S33
#[tokio::test]
async fn what_only_this_host_reaches_is_not_asked_however_it_is_written() {
    let server = Server::answering(ok("secret")).await;
    let port = server.address.port();
    let door = allowing(&[]);

    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "user@127.0.0.1",
        "public.example@127.0.0.1",
    ] {
        let asked = door.get(&format!("http://{host}:{port}/"), 1024).await;
        assert!(is_refused(asked.clone()), "{host}: {asked:?}");
    }
    for host in ["2130706433", "127.1", "0x7f.1", "::1", "::ffff:127.0.0.1", "localhost"] {
        let found = door.resolve(host, port).await;
        assert!(is_refused(found.clone()), "{host}: {found:?}");
    }
    assert_eq!(server.asked(), 0);
}

// S33
#[tokio::test]
async fn only_the_web_is_asked() {
    let door = allowing(&["127.0.0.0/8"]);

    for url in ["file:///etc/passwd", "gopher://127.0.0.1:1/", "ftp://127.0.0.1/", "", "http://"] {
        assert!(matches!(door.get(url, 1).await, Err(OutboundError::Invalid(_))), "{url}");
    }
}

// S33
#[tokio::test]
async fn a_redirect_goes_through_the_same_door() {
    let secret = Server::answering(ok("secret")).await;
    let near = format!("http://localhost:{}/", secret.address.port());
    let by_name = Server::answering(to(&near)).await;
    let by_number = Server::answering(to("http://169.254.169.254/latest/")).await;
    let by_scheme = Server::answering(to("file:///etc/passwd")).await;

    for server in [by_name, by_number, by_scheme] {
        // The first host alone is allowed, by its port.
        let door = allowing(&["127.0.0.1/32"]);
        let asked = door.get(&format!("http://{}/", server.address), 1024).await;
        match asked {
            // `localhost` leads to ::1 as well, or to the allowed address.
            Ok(answer) => assert_eq!(answer.body, b"secret"),
            refused => assert!(is_refused(refused)),
        }
        assert_eq!(server.asked(), 1);
    }
    let around = Server::answering(to("/")).await;
    let door = allowing(&["127.0.0.1"]);
    let asked = door.get(&format!("http://{}/", around.address), 1).await;
    assert!(matches!(asked, Err(OutboundError::Redirects(_))), "{asked:?}");
}

#[tokio::test]
async fn what_an_admin_allows_is_asked_and_no_more_of_it_is_read_than_was_wanted() {
    let server = Server::answering(ok("0123456789")).await;
    let url = format!("http://{}/", server.address);

    for allowed in ["127.0.0.1", "127.0.0.0/8"] {
        let answer = allowing(&[allowed]).get(&url, 4).await.expect("it is allowed");
        assert_eq!((answer.status, &answer.body[..]), (200, &b"0123"[..]));
    }
    let by_name = format!("localhost:{}", server.address.port());
    let door = allowing(&[&by_name]);
    assert!(door.resolve("localhost", server.address.port()).await.is_ok());
    assert!(is_refused(door.resolve("localhost", 1).await), "another port");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_and_a_host_that_is_silent_are_told_apart() {
    let door = allowing(&["127.0.0.1"]);

    let unknown = door.resolve("does-not-exist.invalid", 443).await;
    let silent = door.get("http://127.0.0.1:9/", 1).await;

    assert_eq!(unknown, Err(OutboundError::Unknown("does-not-exist.invalid".to_owned())));
    assert_eq!(silent, Err(OutboundError::Silent("127.0.0.1".to_owned())));
}
