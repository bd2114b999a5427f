//! A server that speaks to us as a model's provider, with answers that a test chooses, and that remembers what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What the server does with a call.
#[derive(Debug, Clone)]
pub enum Says {
    /// The model's text, in OpenAI's shape.
    Text(String),
    /// A status and a body.
    Raw(u16, String),
    /// A body that is said to be compressed with gzip.
    Gzip(Vec<u8>),
    /// A byte now and then, for ever.
    Drip,
}

/// One call as it arrived.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Path.
    pub path: String,
    /// The whole address, as it was asked for.
    pub address: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Value,
}

#[derive(Default)]
struct Books {
    says: Vec<Says>,
    sent: Vec<Sent>,
}

/// The server; it ends with its runtime.
pub struct Model {
    /// Where it listens.
    pub url: String,
    books: Arc<Mutex<Books>>,
}

/// A whole answer in OpenAI's shape.
pub fn completion(text: &str) -> String {
    json!({ "id": "c", "object": "chat.completion", "model": "m", "usage": { "prompt_tokens": 1000, "completion_tokens": 100 },
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text, "refusal": null } }] })
    .to_string()
}

impl Model {
    /// Answers so, again and again.
    pub async fn saying(says: Says) -> Model {
        let books = Arc::new(Mutex::new(Books { says: vec![says], sent: Vec::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&books));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Model { url, books }
    }

    /// From now on these answers in turn, the last one again and again.
    pub fn say(&self, says: Vec<Says>) {
        let mut books = self.books.lock().unwrap();
        (books.says, books.sent) = (says, Vec::new());
    }

    /// What it was sent, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.books.lock().unwrap().sent.clone()
    }
}

async fn answer(State(books): State<Arc<Mutex<Books>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let sent = Sent { path: head.uri.path().to_owned(), address: head.uri.to_string(), headers: head.headers, body };
    let says = {
        let mut books = books.lock().unwrap();
        books.sent.push(sent);
        if books.says.len() > 1 { books.says.remove(0) } else { books.says[0].clone() }
    };
    let json = [("content-type", "application/json")];
    match says {
        Says::Text(text) => (StatusCode::OK, json, completion(&text)).into_response(),
        Says::Raw(status, body) => (StatusCode::from_u16(status).unwrap(), json, body).into_response(),
        Says::Gzip(body) => {
            (StatusCode::OK, [("content-type", "application/json"), ("content-encoding", "gzip")], body).into_response()
        }
        Says::Drip => {
            let drops = futures_util::stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(b" ")), ()))
            });
            (StatusCode::OK, json, Body::from_stream(drops)).into_response()
        }
    }
}
