//! Cards, their codes, and accounts.

use tonic::Code;

use super::{R, Spec, later, refusal};

pub(super) const fn spec(reason: R) -> Spec {
    match reason {
        R::CardExists => {
            refusal("该会员已有会员卡，请办理补卡", "the member has a card, reissue that one")
                .with(&["card_id"])
        }
        R::CardState => {
            refusal("会员卡当前状态不允许此操作", "the card's state does not allow this")
                .with(&["state", "verb"])
        }
        R::MemberSuspended => refusal(
            "您的会员资格已暂停，请联系所在工会",
            "your membership is suspended, please contact your union",
        ),
        R::CardCodeInvalid => {
            refusal("会员码无效，请刷新后重试", "the code is not valid, show a fresh one")
        }
        R::CardCodeExpired => {
            refusal("会员码已过期，请刷新后重试", "the code has expired, show a fresh one")
        }
        R::CardCodeReplayed => {
            refusal("会员码已使用，请刷新后重试", "the code has been used, show a fresh one")
        }
        R::VerificationLimited => later(
            Code::FailedPrecondition,
            "查询未果次数过多，请稍后再试",
            "too many verifications came to nothing, try again later",
        ),
        _ => refusal("该账号已绑定其他会员", "the account is linked with another member"),
    }
}
