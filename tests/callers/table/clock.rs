//! `ClockService`.

use contracts::common::v1::{GetTimeRequest, SetTimeRequest};
use rpc::encode_timestamp;

use super::{NotApplicable, Row};
use crate::raw::ask;
use crate::world::World;

pub(super) fn rows(world: &World) -> Vec<Row> {
    let now = Some(encode_timestamp(world.suite.clock().now()));
    let why = NotApplicable::TimeHasNoOwner;
    vec![
        Row::none("/zhisong.common.v1.ClockService/GetTime", ask(&GetTimeRequest {}), why),
        Row::none("/zhisong.common.v1.ClockService/SetTime", ask(&SetTimeRequest { now }), why),
    ]
}
