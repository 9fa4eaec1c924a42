use crate::WordProblem;
use crate::word::{Word, find};

/// What a member works as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trade {
    /// Carries parcels.
    Courier,
    /// Carries meals and other instant deliveries.
    FoodDelivery,
    /// Drives goods on the road.
    Truck,
    /// Drives passengers, by app or by taxi.
    RideHailing,
    /// Keeps streets clean.
    Sanitation,
    /// Builds.
    Construction,
    /// Any other trade.
    Other,
}

/// In the order of the variants, so that a variant finds its row by position.
const WORDS: [Word<Trade>; 7] = [
    Word {
        value: Trade::Courier,
        key: "COURIER",
        label: "快递员",
        synonyms: &["快递", "快递小哥", "快递从业人员", "快件处理员"],
    },
    Word {
        value: Trade::FoodDelivery,
        key: "FOOD_DELIVERY",
        label: "外卖送餐员",
        synonyms: &[
            "外卖骑手",
            "外卖员",
            "外卖配送员",
            "外卖小哥",
            "外卖",
            "送餐员",
            "骑手",
            "网约配送员",
        ],
    },
    Word {
        value: Trade::Truck,
        key: "TRUCK",
        label: "货车司机",
        synonyms: &["卡车司机", "货运司机", "货车驾驶员"],
    },
    Word {
        value: Trade::RideHailing,
        key: "RIDE_HAILING",
        label: "网约车司机",
        synonyms: &["出租车司机", "网约车驾驶员", "出租车驾驶员", "网约出租车司机"],
    },
    Word {
        value: Trade::Sanitation,
        key: "SANITATION",
        label: "环卫工人",
        synonyms: &["环卫工", "环卫", "环卫职工"],
    },
    Word {
        value: Trade::Construction,
        key: "CONSTRUCTION",
        label: "建筑工人",
        synonyms: &["建筑工", "建筑", "建筑业工人"],
    },
    Word { value: Trade::Other, key: "OTHER", label: "其他", synonyms: &["其它"] },
];

impl Trade {
    /// Every value, in a stable order.
    pub const ALL: [Self; 7] = [
        Self::Courier,
        Self::FoodDelivery,
        Self::Truck,
        Self::RideHailing,
        Self::Sanitation,
        Self::Construction,
        Self::Other,
    ];

    /// Reads the key in any case, the Chinese label, or what rosters also call it.
    pub fn parse(text: &str) -> Result<Self, WordProblem> {
        find(&WORDS, text).ok_or(WordProblem::Trade)
    }

    /// The stable key, as `COURIER`.
    pub const fn as_str(self) -> &'static str {
        WORDS[self as usize].key
    }

    /// The Chinese label, as `快递员`.
    pub const fn label_zh(self) -> &'static str {
        WORDS[self as usize].label
    }
}

#[cfg(test)]
#[test]
fn every_word_leads_back_to_its_trade() {
    crate::tests::words::check_words(&WORDS, &Trade::ALL, Trade::parse);
}
