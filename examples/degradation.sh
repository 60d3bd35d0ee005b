#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Deeper is worse, and no gradient vanishes: plain networks of 20 and 56 layers and the residual one of 56, all with
# batch normalisation (docs/degradation.md). A few minutes on one core.
#
# usage: examples/degradation.sh [PLUMB [FOLDER [DATA]]]    DATA: mnist:DIR for the digits, in place of drawn glyphs
set -eu
plumb=${1:-plumb}
folder=${2:-degradation}
data=${3:-glyphs?n=4000}

run() {  # PRESET; 8 channels and images of half the size, for the sake of time
  "$plumb" train "avgpool 2 > $1 width=8" --data "$data" --limit 10000 --batch 64 --steps 400 --lr 0.1 --momentum 0.9 \
    --weight-decay 1e-4 --init he_normal --threads 1 -o "$folder/$1.plumb" > "$folder/$1.txt"
}
mkdir -p "$folder"
for network in plain20 plain56 resnet56; do
  run "$network"
done
"$plumb" report "$folder/plain20.plumb" "$folder/plain56.plumb" "$folder/resnet56.plumb" -o "$folder/report.html"
