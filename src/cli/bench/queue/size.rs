//! Enqueue, claim and depth of a deep queue beside the same of one of 10,000.

use std::time::Instant;

use super::super::super::Failure;
use super::super::figure::Figure;
use super::drill::Rig;
use super::ground::Ground;
use super::{LANE, ROUNDS};
use crate::queue::{claim, depth};

const SMALL: i64 = 10_000;
/// Jobs in one claim.
const CLAIM: i64 = 500;

pub async fn measure(ground: &Ground, jobs: i64) -> Result<Vec<Figure>, Failure> {
    let rig = Rig::join(&ground.db).await?;
    ground.clear().await?;
    let small = ground.fill(SMALL.min(jobs)).await?;
    let (small_claims, small_depths) = times(ground, rig.epoch()).await?;
    ground.clear().await?;
    let large = ground.fill(jobs).await?;
    let (claims, depths) = times(ground, rig.epoch()).await?;
    rig.leave().await?;
    let beside = "the same with 10,000 jobs";
    Ok(vec![
        Figure::new("enqueue_large", "jobs/s", &[large], (beside, &[small])),
        Figure::new("claim_large", "ms", &claims, (beside, &small_claims)),
        Figure::new("depth_large", "ms", &depths, (beside, &small_depths)),
    ])
}

/// Milliseconds of claims and of depths.
async fn times(ground: &Ground, epoch: i64) -> Result<(Vec<f64>, Vec<f64>), Failure> {
    let (mut claims, mut depths) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * 2 {
        let begun = Instant::now();
        claim::claim(&ground.db, LANE, epoch, CLAIM).await?;
        claims.push(begun.elapsed().as_secs_f64() * 1000.0);
        let begun = Instant::now();
        depth::of_lane(&ground.db, LANE).await?;
        depths.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((claims, depths))
}
