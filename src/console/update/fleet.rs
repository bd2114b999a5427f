//! Keys of the Fleet screen.

use super::press::Press;
use super::{papers, wish};
use crate::console::keys::Do;
use crate::console::model::{Model, Reading};
use crate::operations::actions::Action;

/// What a key does with the chosen node.
pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let Some(row) = model.node_rows().get(model.fleet.at) else {
        return model.say("no node is selected", true, press.now);
    };
    let (node, sleeps) = (row.node.clone(), row.wish.is_some());
    match does {
        Do::Open => papers::open(model, Reading::Log(node), press),
        Do::Pause if sleeps => wish(model, Action::WakeNode { node }, press.effects),
        Do::Pause => wish(model, Action::QuietNode { node, reason: None }, press.effects),
        Do::TakeOut => wish(model, Action::DrainNode { node, reason: None }, press.effects),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::effect::Effect;
    use crate::console::fixture::{model, now};
    use crate::console::keys::Key;
    use crate::console::message::Msg;
    use crate::console::update::update;
    use std::sync::Arc;

    fn wished(model: &mut Model, key: char) -> Option<Action> {
        let effects = update(model, Msg::Key(Key::char(key)), now());
        effects.into_iter().find_map(|effect| if let Effect::Plan(action) = effect { Some(action) } else { None })
    }

    #[test]
    fn a_node_is_quieted_woken_and_drained() {
        let mut model = model((120, 36), true);
        wished(&mut model, '8');
        let node = "eu-1:4711".to_owned();
        assert_eq!(wished(&mut model, 'p'), Some(Action::QuietNode { node: node.clone(), reason: None }));
        assert_eq!(wished(&mut model, 'x'), Some(Action::DrainNode { node: node.clone(), reason: None }));
        let mut pulse = model.pulse.as_deref().cloned().unwrap();
        pulse.status.nodes[0].wish = Some("quiet".into());
        update(&mut model, Msg::Pulse(Arc::new(pulse)), now());
        assert_eq!(wished(&mut model, 'p'), Some(Action::WakeNode { node }));
    }
}
