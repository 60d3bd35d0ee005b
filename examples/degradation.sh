#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Deeper is worse, and no gradient vanishes: plain networks of 20 and 56 layers and a residual one of 58, all with
# batch normalisation (docs/degradation.md). A few minutes on one core.
#
# usage: examples/degradation.sh [PLUMB [FOLDER [DATA]]]    DATA: mnist:DIR for the digits, in place of drawn glyphs
set -eu
plumb=${1:-plumb}
folder=${2:-degradation}
data=${3:-glyphs?n=4000}

conv() { echo "conv $1 3x3 ${2:-}bias=false > bn"; }
# Three stages of 8, 16 and 32 channels; the first convolution of each halves the image.
plain() {  # FIRST OTHER: how many more convolutions the first stage and the others have
  echo "$(conv 8 'stride=2 ') > relu > $1 x [$(conv 8) > relu] > $(conv 16 'stride=2 ') > relu > $2 x [$(conv 16) > relu] >" \
    "$(conv 32 'stride=2 ') > relu > $2 x [$(conv 32) > relu] > gap > dense 10"
}
blocks() { echo "9 x [res[$(conv "$1") > relu > $(conv "$1")] > relu]"; }
residual="$(conv 8 'stride=2 ') > relu > $(blocks 8) > $(conv 16 'stride=2 ') > relu > $(blocks 16) >\
 $(conv 32 'stride=2 ') > relu > $(blocks 32) > gap > dense 10"

run() {  # NAME NETWORK
  "$plumb" train "$2" --data "$data" --limit 10000 --batch 64 --steps 400 --lr 0.1 --momentum 0.9 \
    --weight-decay 1e-4 --init he_normal --threads 1 -o "$folder/$1.plumb" > "$folder/$1.txt"
}
mkdir -p "$folder"
run plain20 "$(plain 6 5)"
run plain56 "$(plain 18 17)"
run residual58 "$residual"
"$plumb" report "$folder/plain20.plumb" "$folder/plain56.plumb" "$folder/residual58.plumb" -o "$folder/report.html"
