//! A server that speaks to us as Twilio, with answers that a test chooses, and that remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path, still escaped.
    pub path: String,
    /// Query.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
}

#[derive(Default)]
struct Books {
    answers: VecDeque<(u16, String)>,
    asked: Vec<Asked>,
}

/// The server; it ends with its runtime.
pub struct Twilio {
    /// Where it listens.
    pub url: String,
    books: Arc<Mutex<Books>>,
}

impl Twilio {
    /// Answers with these statuses and bodies in turn, the last one again and again.
    pub async fn answering(answers: Vec<(u16, String)>) -> Twilio {
        let books = Arc::new(Mutex::new(Books { answers: answers.into(), asked: Vec::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&books));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Twilio { url, books }
    }

    /// What it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.books.lock().unwrap().asked.clone()
    }
}

async fn answer(State(books): State<Arc<Mutex<Books>>>, request: Request) -> Response {
    let mut books = books.lock().unwrap();
    books.asked.push(Asked {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
    });
    let (status, body) =
        if books.answers.len() > 1 { books.answers.pop_front().unwrap() } else { books.answers[0].clone() };
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body).into_response()
}
