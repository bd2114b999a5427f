use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

async fn sandbox(script: &str) -> Sandbox {
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap();
    sandbox.set_script("twilio", script.parse().unwrap()).unwrap();
    sandbox
}

fn client() -> reqwest::Client {
    // The second test that comes here finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(LIMIT).no_proxy().build().unwrap()
}

fn lookup(sandbox: &Sandbox, n: u32) -> reqwest::RequestBuilder {
    let Credential { account_sid, auth_token } = sandbox.credential();
    let url = format!("{}/v2/PhoneNumbers/%2B141555501{n:02}?Fields=caller_name", sandbox.base_url("twilio").unwrap());
    client().get(url).basic_auth(account_sid, Some(auth_token))
}

async fn json(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "{what} did not come about");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_lookup_is_answered_and_counted_at_the_far_end() {
    let sandbox = sandbox("").await;
    let answer = lookup(&sandbox, 23).send().await.unwrap();
    assert!(answer.headers()["twilio-request-id"].to_str().unwrap().starts_with("RQ"));
    assert_eq!(json(answer).await["phone_number"], "+14155550123");
    let refused = client().get(format!("{}/v2/PhoneNumbers/1", sandbox.url())).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), json(refused).await["code"].as_u64()), (401, Some(20003)));

    let counters = &sandbox.counters()["twilio"];
    assert_eq!((counters.total, counters.by_status["200"], counters.by_status["401"]), (2, 1, 1));
    assert_eq!(counters.most_at_once, 1);
    assert!((1..=2).contains(&counters.most_in_100_ms));
    let calls = sandbox.calls();
    assert_eq!((calls[0].provider, &*calls[0].number, calls[0].status), ("twilio", "+14155550123", Some(200)));
    assert!(calls[0].at <= calls[1].at);
    sandbox.stop().await;
}

#[tokio::test]
async fn each_scripted_failure_arrives_as_it_would_from_outside() {
    let sandbox = sandbox("500:1c 502:1c 503:1c 504:1c 401:1c 403:1c 404:1c 429=7:1c garbage:1c half:2c ok").await;
    for status in [500, 502, 503, 504, 401, 403, 404] {
        let answer = lookup(&sandbox, 1).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let body = answer.text().await.unwrap();
        let json = serde_json::from_str::<Value>(&body);
        assert_eq!(json.is_ok_and(|body| body["status"] == status), ![502, 504].contains(&status), "{body}");
    }
    let busy = lookup(&sandbox, 1).send().await.unwrap();
    assert_eq!((busy.status().as_u16(), busy.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let garbage = lookup(&sandbox, 1).send().await.unwrap();
    assert_eq!(garbage.status().as_u16(), 200);
    assert!(serde_json::from_slice::<Value>(&garbage.bytes().await.unwrap()).is_err());
    for status in [500, 200, 200] {
        assert_eq!(lookup(&sandbox, 1).send().await.unwrap().status().as_u16(), status);
    }
}

async fn raw_call(sandbox: &Sandbox) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(sandbox.address).await.unwrap();
    stream.write_all(b"GET /v2/PhoneNumbers/%2B14155550123 HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn a_reset_is_a_real_one() {
    let sandbox = sandbox("reset").await;
    let mut stream = raw_call(&sandbox).await;
    let end = tokio::time::timeout(LIMIT, stream.read(&mut [0; 64])).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(sandbox.counters()["twilio"].by_status["none"], 1);
    wait_for("the end of the call", || sandbox.counters()["twilio"].at_once == 0).await;
}

#[tokio::test]
async fn a_hanging_call_lasts_until_the_client_gives_up() {
    let sandbox = sandbox("hang").await;
    let first = raw_call(&sandbox).await;
    let second = raw_call(&sandbox).await;
    wait_for("two calls", || sandbox.counters()["twilio"].at_once == 2).await;
    drop((first, second));
    wait_for("their end", || sandbox.counters()["twilio"].at_once == 0).await;
    assert_eq!(sandbox.counters()["twilio"].most_at_once, 2);
}

#[tokio::test]
async fn a_stop_ends_hanging_and_slow_calls_at_once() {
    let sandbox = sandbox("hang:1c slow=1m").await;
    let mut hanging = raw_call(&sandbox).await;
    wait_for("the hanging call", || sandbox.counters()["twilio"].total == 1).await;
    let mut slow = raw_call(&sandbox).await;
    wait_for("the slow call", || sandbox.counters()["twilio"].total == 2).await;
    let began = Instant::now();
    let address = sandbox.address;
    sandbox.stop().await;
    assert!(began.elapsed() < STOP_MAX);
    assert!(hanging.read(&mut [0; 64]).await.is_err());
    let mut text = String::new();
    slow.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_drip_promises_the_whole_body_and_keeps_it_back() {
    let sandbox = sandbox("drip").await;
    let mut answer = lookup(&sandbox, 23).send().await.unwrap();
    assert!(answer.content_length().unwrap() > 300);
    assert_eq!(answer.chunk().await.unwrap().unwrap().len(), 1);
    assert_eq!(sandbox.counters()["twilio"].at_once, 1);
    drop(answer);
    wait_for("its end", || sandbox.counters()["twilio"].at_once == 0).await;
}

#[tokio::test]
async fn the_outage_of_the_scenario_begins_after_a_fifth_of_the_contacts() {
    let options =
        Options { scenario: Scenario::Outage, contacts_expected: 50, latency_scale: 0.0, ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    for n in 0..10 {
        assert_eq!(lookup(&sandbox, n).send().await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(lookup(&sandbox, 10).send().await.unwrap().status().as_u16(), 503);
}

#[tokio::test]
async fn counters_calls_and_scripts_are_there_over_http() {
    let sandbox = sandbox("").await;
    for n in 0..3 {
        lookup(&sandbox, n).send().await.unwrap();
    }
    let stray = client().get(format!("{}/sandbox/counter", sandbox.url())).send().await.unwrap();
    assert_eq!(stray.status().as_u16(), 404);
    let get = async |path: &str| -> Value {
        json(client().get(format!("{}{path}", sandbox.url())).send().await.unwrap()).await
    };
    let wish = async |wish: Value| {
        let url = format!("{}/sandbox/script", sandbox.url());
        let request = client().post(url).header("content-type", "application/json").body(wish.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/sandbox/counters").await["providers"]["twilio"]["by_status"], json!({ "200": 3 }));
    let page = get("/sandbox/calls?limit=2").await;
    assert_eq!((&page["total"], &page["next"], page["calls"].as_array().unwrap().len()), (&3.into(), &2.into(), 2));
    let page = get("/sandbox/calls?from=2").await;
    assert_eq!((&page["next"], &page["calls"][0]["number"]), (&Value::Null, &"+14155550102".into()));

    assert_eq!(wish(json!({ "provider": "twilio", "script": "503:12s ok" })).await.0, 200);
    assert_eq!(lookup(&sandbox, 1).send().await.unwrap().status().as_u16(), 503);
    assert_eq!(get("/sandbox/counters").await["providers"]["twilio"]["script"], "503:12s ok");
    let (status, reason) = wish(json!({ "provider": "twillio", "script": "ok" })).await;
    assert!(status == 400 && reason.contains("choose one of twilio"), "{reason}");
    let (status, reason) = wish(json!({ "provider": "twilio", "script": "bad" })).await;
    assert!(status == 400 && reason.contains("its modes are"), "{reason}");
}

#[tokio::test]
async fn an_oversized_request_is_refused_without_being_counted() {
    let sandbox = sandbox("").await;
    let long = lookup(&sandbox, 1).header("x-long", "x".repeat(20_000)).send().await.unwrap();
    assert_eq!(long.status().as_u16(), 431);
    let fat = client().post(sandbox.url()).body(vec![b'x'; 2_000_000]).send().await;
    assert!(fat.is_err() || fat.is_ok_and(|answer| answer.status().as_u16() == 413));
    assert_eq!(sandbox.counters()["twilio"].total, 0);
}

#[tokio::test]
async fn addresses_and_numbers_that_make_no_sense_are_refused_in_a_sentence() {
    let refusal = async |options: Options| Sandbox::start(options).await.err().unwrap().to_string();
    let open = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert!(refusal(open).await.contains("choose 127.0.0.1"));
    let first = sandbox("").await;
    assert!(refusal(Options { listen: first.address, ..Options::default() }).await.contains("choose another port"));
    assert!(refusal(Options { latency_scale: f64::NAN, ..Options::default() }).await.contains("from 0 to 100"));
    let outage = Duration::ZERO;
    let empty = Options { scenario: Scenario::Outage, outage, ..Options::default() };
    assert!(refusal(empty).await.contains("at least one call or one millisecond"));
    assert!(first.base_url("twillio").unwrap_err().to_string().contains("choose one of twilio"));
}

#[tokio::test]
async fn the_credential_is_the_same_for_the_same_seed_and_has_twilios_shape() {
    let credential = |seed| Credential::from_seed(seed);
    assert_eq!(credential(1), credential(1));
    assert_ne!(credential(1), credential(2));
    let Credential { account_sid, auth_token } = credential(1);
    assert!(account_sid.len() == 34 && account_sid.starts_with("AC") && auth_token.len() == 32);
    assert!(account_sid[2..].chars().chain(auth_token.chars()).all(|c| c.is_ascii_hexdigit()));
}

#[tokio::test]
async fn dropping_a_sandbox_frees_its_address() {
    let sandbox = sandbox("").await;
    let address = sandbox.address;
    drop(sandbox);
    wait_for("the free address", || std::net::TcpListener::bind(address).is_ok()).await;
}
