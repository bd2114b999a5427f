//! A server that repeats to everybody what he sent, as some providers do in their errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Starts one; the address. It ends with its runtime.
pub async fn start() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(echo).with_state(Arc::new(AtomicU32::new(0)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Calls about the number by which credentials are verified are answered well; of the others one in four is refused, one is
/// wrong, one finds the server broken.
async fn echo(State(calls): State<Arc<AtomicU32>>, request: Request) -> Response {
    let heard = format!("{} {:?}", request.uri(), request.headers());
    let values: Vec<&str> = request.headers().values().filter_map(|value| value.to_str().ok()).collect();
    let said = format!("you sent {} and {heard}", values.join(" "));
    let verifies = request.uri().path().contains("4155552671");
    let turn = if verifies { 0 } else { calls.fetch_add(1, Ordering::SeqCst) % 4 };
    let status = match turn {
        1 => StatusCode::UNAUTHORIZED,
        2 => StatusCode::BAD_REQUEST,
        3 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let body = json!({"valid": true, "phone_number": "+14155552671", "national_format": said, "code": 20_003,
        "message": said, "error": {"code": 101, "type": "invalid_access_key", "info": said, "message": said},
        "errors": [{"id": "authentication_failed", "details": said}], "echo": {"uri": request.uri().to_string(), "headers": values}});
    let headers = [("content-type", "application/json"), ("x-echo", values.first().copied().unwrap_or("none"))];
    (status, headers, body.to_string()).into_response()
}
