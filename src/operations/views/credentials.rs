//! Credentials as operators see them: where each comes from, its versions, who holds which, and what needs a person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::catalogue::PROVIDERS;
use crate::database::{Db, Result};
use crate::vault::{State, Version, store};

/// One slot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotView {
    /// Slot.
    pub slot: &'static str,
    /// Lanes that it serves; none for a model.
    pub lanes: Vec<&'static str>,
    /// `env`, `vault` or `none`.
    pub source: &'static str,
    /// What calls are made with: `env`, `v7`; none without one.
    pub version: Option<String>,
    /// What needs a person, or why it can't be turned here, in one sentence.
    pub note: Option<String>,
    /// Versions in the database, the newest first.
    pub versions: Vec<VersionView>,
    /// Live nodes and what they use.
    pub nodes: Vec<HolderView>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionView {
    /// The version, without its secret.
    #[serde(flatten)]
    pub version: Version,
    /// The end of its fingerprint: equal ends are equal secrets.
    pub fingerprint_end: String,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HolderView {
    /// `host:pid`.
    pub node: String,
    /// What it uses for the slot: `env`, `v7`.
    pub version: String,
    /// When it last said so.
    pub confirmed_at: DateTime<Utc>,
}

impl SlotView {
    /// The version in this state, if there is one.
    pub fn in_state(&self, state: State) -> Option<&VersionView> {
        self.versions.iter().find(|v| v.version.state == state)
    }
}

/// All slots, by the catalogue's order. `of_environment` are the slots that this process's environment gives.
pub async fn credentials(db: &Db, of_environment: &[&str]) -> Result<Vec<SlotView>> {
    let mut versions: BTreeMap<String, Vec<VersionView>> = BTreeMap::new();
    for version in store::versions(db).await? {
        let view = VersionView { fingerprint_end: version.fingerprint_end().to_owned(), version };
        versions.entry(view.version.slot.clone()).or_default().push(view);
    }
    let sql = "SELECT h.key, n.node, h.value #>> '{}', v.confirmed_at FROM vault_nodes v JOIN nodes n USING (epoch), jsonb_each(v.held) h
               WHERE n.state IN ('live', 'draining') ORDER BY n.node";
    let mut nodes: BTreeMap<String, Vec<HolderView>> = BTreeMap::new();
    let rows: Vec<(String, String, String, DateTime<Utc>)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    for (slot, node, version, confirmed_at) in rows {
        nodes.entry(slot).or_default().push(HolderView { node, version, confirmed_at });
    }
    let mut slots: Vec<&'static str> = PROVIDERS.iter().filter_map(|p| p.slot).map(|s| s.name).collect();
    slots.dedup();
    let views = slots.into_iter().map(|slot| {
        let versions = versions.remove(slot).unwrap_or_default();
        let nodes = nodes.remove(slot).unwrap_or_default();
        view(slot, versions, nodes, of_environment.contains(&slot))
    });
    Ok(views.collect())
}

fn view(slot: &'static str, versions: Vec<VersionView>, nodes: Vec<HolderView>, env_here: bool) -> SlotView {
    let current = versions.iter().find(|v| v.version.state == State::Current).map(|v| v.version.label());
    let env = env_here || nodes.iter().any(|n| n.version == "env");
    let (source, version) = match (env, &current) {
        (true, _) => ("env", Some("env".to_owned())),
        (false, Some(label)) => ("vault", Some(label.clone())),
        (false, None) => ("none", None),
    };
    let mut all = SlotView { slot, lanes: store::lanes_of(slot), source, version, note: None, versions, nodes };
    all.note = note(&all, env_here);
    all
}

fn note(view: &SlotView, env_here: bool) -> Option<String> {
    let slot = view.slot;
    let settings = store::slot(slot).map_or("", |s| s.settings);
    if view.source == "env" {
        let whose = if env_here { "this process's environment" } else { "the environment of a live node" };
        return Some(format!(
            "given by {whose} (SWITCHBOARD_PROVIDERS__{settings}__…), which wins: it can't be turned here"
        ));
    }
    if let Some(pending) = view.in_state(State::Pending) {
        let (label, by) = (pending.version.label(), &pending.version.entered.set_by);
        return Some(format!("{label}, entered by {by}, waits: `switchboard credentials verify {slot} --activate`"));
    }
    if view.version.is_none() {
        let refused = view.versions.iter().find(|v| v.version.state == State::Refused)?;
        let why = refused.version.life.ended_why.as_deref().unwrap_or("refused");
        return Some(format!(
            "{} was refused ({why}): `switchboard credentials rotate {slot}`, or `verify {slot}` if the provider takes it again",
            refused.version.label()
        ));
    }
    let behind = view.nodes.iter().filter(|n| Some(&n.version) != view.version.as_ref()).count();
    (behind > 0).then(|| format!("{behind} of {} nodes use another version still", view.nodes.len()))
}
