"""The golden trainings: each case with each cell, and each main option at least once."""

CELLS = ("rnn", "gru", "lstm")
STOCK = "--window 8 --start 2012-08-01 --end 2013-01-31 --test 20 --learning-rate 0.01"
FORECAST = "recurra train forecast.toml --data"  # the forecast case as it was
SALES = f"{FORECAST} sales.csv --target sales --window 6 --units 3 --epochs 3 --learning-rate 0.02 --batch-size 16"
SHOPS = f"{FORECAST} shops.csv --window 7 --units 3"
GAPS = f"{FORECAST} gaps.csv --target visitors --cell lstm --window 7 --units 3 --epochs 3 --learning-rate 0.02"
RING = "recurra train letters-onehot --alphabet abcabdabcabdabcabdabcabd --no-ring"
WINDOW = "recurra train letters-window --units 4"
KILLED = {
    "letters-interrupted": (0, 5),
    "shops-interrupted": (0, 3, 8),  # the second network begins after 6
    "stock-interrupted": (2,),
}  # after so many epochs

TRAININGS = {
    **{f"letters-onehot-{cell}": f"recurra train letters-onehot --cell {cell} --epochs 5" for cell in CELLS},
    **{f"letters-embedding-{cell}": f"recurra train letters-embedding --cell {cell} --epochs 5" for cell in CELLS},
    **{f"letters-window-{cell}": f"{WINDOW} --cell {cell} --epochs 5" for cell in CELLS},
    **{f"stock-{cell}": f"recurra train stock.toml --cell {cell} --units 3 {STOCK} --epochs 3" for cell in CELLS},
    **{
        f"stock-tutorial-{cell}": f"recurra train stock-tutorial --cell {cell} --units 3 --units 4 {STOCK} --epochs 3"
        for cell in CELLS
    },
    **{f"sales-{cell}": f"{SALES} --cell {cell}" for cell in CELLS},
    **{f"shops-{cell}": f"{SHOPS} --cell {cell} --epochs 3 --learning-rate 0.02" for cell in CELLS},
    # symbols
    "letters-two-layers": f"{WINDOW} --units 3 --cell lstm --dropout 0.3 --epochs 4",
    "letters-adamw-cosine": f"{WINDOW} --cell gru --optimizer adamw --schedule cosine --epochs 4 --seed 11",
    "letters-sgd-exponential": f"{WINDOW} --optimizer sgd --schedule exponential --learning-rate 0.5 --epochs 4",
    "letters-rmsprop-clipped": f"{WINDOW} --cell lstm --optimizer rmsprop --clip-norm 0.1 --epochs 4",
    "letters-unshuffled": f"{WINDOW} --no-shuffle --batch-size 3 --epochs 3",
    "letters-validation": f"{RING} --window 2 --validation 0.25 --epochs 4 --learning-rate 0.05",
    "letters-patience": f"{RING} --validation 6 --patience 1 --learning-rate 3 --epochs 9",
    "letters-targets-every": f"{RING} --window 3 --targets every --cell gru --epochs 3",
    "letters-sorted": "recurra train letters-onehot --alphabet edcba --order sorted --epochs 3",
    "letters-unknown": "recurra train letters-onehot --alphabet abcabcabcabcabcaxcab --no-ring --unknown ? "
    "--validation 6 --epochs 3",
    "letters-wide-embedding": f"{RING} --encoding embedding --embedding-dim 5 --epochs 3",
    # series: what is learnt from
    "sales-horizon": f"{SALES} --horizon 3 --levels 50 --levels 80",
    "sales-covariates": f"{SALES} --past-covariates price --cell lstm --horizon 2",
    "sales-all-covariates": f"{SALES} --past-covariates all",
    "sales-known": f"{SALES} --future-covariates promo --horizon 2".replace("sales.csv", "sales-coming.csv"),
    "gaps-mask": f"{GAPS} --missing mask --past-covariates rain",
    "gaps-interpolate": f"{GAPS} --missing interpolate",
    "gaps-ffill": f"{GAPS} --missing ffill --horizon 2",
    "hours": f"{FORECAST} hours.csv --units 3 --window 12 --horizon 2 --epochs 2 --season 6",
    "visits-named-columns": f"{FORECAST} visits.csv --date when --id branch --target guests "
    "--past-covariates heat --units 3 --window 7 --epochs 2 --test 8",
    "stock-prices-as-traded": f"recurra train stock.toml --symbol MSFT --adjust none --units 3 {STOCK} --epochs 2",
    # series: how they are scaled, and what is corrected
    "scaling-log-difference": f"{SALES} --scaling log --scaling difference --scaling standard",
    "scaling-season-difference": f"{SALES} --scaling season-difference --scaling minmax --season 3",
    "scaling-robust": f"{SALES} --scaling robust --scaling subtract-mean --residual seasonal --season 4",
    "scaling-minmax-last": f"{SALES} --scaling log --scaling minmax --scaling subtract-last --residual last",
    "scaling-divide-last": f"{SALES} --scaling divide-last --past-covariates price",
    "scaling-divide-mean": f"{SHOPS} --scaling divide-mean --epochs 3 --learning-rate 0.02",
    "scaling-none": f"{SALES} --scaling none --residual none --cell rnn",
    # series: how weights are found
    "sales-two-layers": f"{SALES} --units 2 --dropout 0.25 --cell lstm --optimizer adamw --schedule cosine",
    "sales-members": f"{SALES} --ensemble-size 2 --loss mae --clip-norm 0.5",
    "sales-huber": f"{SALES} --loss huber --optimizer rmsprop --no-shuffle --schedule exponential",
    "sales-sgd-last": f"{SALES} --optimizer sgd --no-restore-best --validation 0 --patience 2",
    "sales-untested": f"{SALES} --test 0 --validation 10 --levels 90",
    "shops-patience": f"{SHOPS} --patience 1 --learning-rate 0.5 --epochs 9 --batch-size 8 --test 5 --validation 6",
    # trainings that are killed, too
    "letters-interrupted": f"{WINDOW} --cell gru --dropout 0.2 --optimizer adamw --schedule cosine --epochs 9 "
    "--save-every-seconds 0",
    "shops-interrupted": f"{SHOPS} --cell lstm --ensemble-size 2 --dropout 0.1 --batch-size 16 --epochs 6 "
    "--save-every-seconds 0",
    "stock-interrupted": f"recurra train stock.toml --cell rnn --units 3 {STOCK} --residual close --epochs 4 "
    "--save-every-seconds 0",
}
