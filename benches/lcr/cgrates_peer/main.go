// CGRateS over the rates of a bench folder: its SupplierS with *least_cost, in this process, its internal database, no
// socket. Prints one JSON line. usage: cgrates <folder> <questions>
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"log"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/cgrates/cgrates/config"
	"github.com/cgrates/cgrates/engine"
	"github.com/cgrates/cgrates/utils"
)

const (
	tenant = "cgrates.org"
	routes = 5
	// What a closed code costs: CGRateS cannot close a code, so that nothing shorter matches; it is dropped from answers.
	closed = 1e6
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func lines(path string) []string {
	text, err := ioutil.ReadFile(path)
	must(err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// load puts each vendor's deck into a rating plan of its own; a code is one destination that all plans share.
func load(dm *engine.DataManager, folder string) int {
	file, err := os.Open(filepath.Join(folder, "rates.csv"))
	must(err)
	defer file.Close()
	plans, codes, rates := map[string]*engine.RatingPlan{}, map[string]bool{}, 0
	reader := bufio.NewScanner(file)
	for reader.Scan() {
		cells := strings.Split(reader.Text(), ",")
		cost := float64(closed)
		if cells[2] != "" {
			nanos, err := strconv.ParseInt(cells[2], 10, 64)
			must(err)
			cost = float64(nanos) / 1e9
		}
		plan := plans[cells[0]]
		if plan == nil {
			plan = &engine.RatingPlan{Id: "RP_" + cells[0]}
			plans[cells[0]] = plan
		}
		plan.AddRateInterval("D_"+cells[1], &engine.RateInterval{
			Timing: &engine.RITiming{StartTime: "00:00:00"},
			Rating: &engine.RIRate{
				RoundingMethod:   utils.ROUNDING_MIDDLE,
				RoundingDecimals: 9,
				Rates: engine.RateGroups{&engine.Rate{
					Value: cost, RateIncrement: time.Minute, RateUnit: time.Minute,
				}},
			},
			Weight: 10,
		})
		codes[cells[1]] = true
		rates++
	}
	must(reader.Err())
	for code := range codes {
		destination := &engine.Destination{Id: "D_" + code, Prefixes: []string{code}}
		must(dm.SetDestination(destination, utils.NonTransactional))
		must(dm.SetReverseDestination(destination, utils.NonTransactional))
	}
	for _, plan := range plans {
		must(dm.SetRatingPlan(plan, utils.NonTransactional))
	}
	return rates
}

func main() {
	folder := os.Args[1]
	questions, err := strconv.Atoi(os.Args[2])
	must(err)
	cfg, err := config.NewDefaultCGRConfig()
	must(err)
	cfg.GeneralCfg().RoundingDecimals = 9
	config.SetCgrConfig(cfg)
	engine.SetRoundingDecimals(9)
	engine.InitCache(cfg.CacheCfg())
	db := engine.NewInternalDB(nil, nil, true, cfg.DataDbCfg().Items)
	dm := engine.NewDataManager(db, cfg.CacheCfg(), nil)
	engine.SetDataStorage(dm)
	begun := time.Now()
	rates := load(dm, folder)
	profile := &engine.SupplierProfile{Tenant: tenant, ID: "LCR", Sorting: utils.MetaLC, Weight: 10}
	for _, vendor := range lines(filepath.Join(folder, "granted.txt")) {
		profile.Suppliers = append(profile.Suppliers, &engine.Supplier{
			ID: vendor, RatingPlanIDs: []string{"RP_" + vendor}, Weight: 10,
		})
	}
	must(dm.SetSupplierProfile(profile, true))
	loaded := time.Since(begun)
	service, err := engine.NewSupplierService(dm, engine.NewFilterS(cfg, nil, dm), cfg, nil)
	must(err)
	setup := time.Now()
	ask := func(number string) []string {
		limit := routes
		args := &engine.ArgsGetSuppliers{
			IgnoreErrors: true,
			CGREvent: &utils.CGREvent{Tenant: tenant, ID: "q", Time: &setup, Event: map[string]interface{}{
				utils.Account: "bench", utils.Destination: number, utils.SetupTime: setup,
				utils.Usage: 3 * time.Minute,
			}},
			Paginator: utils.Paginator{Limit: &limit},
		}
		var reply engine.SortedSuppliers
		if err := service.V1GetSuppliers(args, &reply); err != nil {
			return nil
		}
		var costs []float64
		for _, supplier := range reply.SortedSuppliers {
			// One without a rate for the number stays in its answer, without a cost.
			if cost, has := supplier.SortingData[utils.Cost].(float64); has && cost < closed {
				costs = append(costs, cost/3)
			}
		}
		sort.Float64s(costs)
		var out []string
		for _, cost := range costs {
			out = append(out, strconv.FormatInt(int64(math.Round(cost*1e9)), 10))
		}
		return out
	}
	numbers, answers := lines(filepath.Join(folder, "numbers.txt")), lines(filepath.Join(folder, "answers.txt"))
	if len(numbers) > questions {
		numbers = numbers[:questions]
	}
	wrong, first := 0, ""
	for i, number := range numbers { // warms the caches, too
		if got := strings.Join(ask(number), " "); got != answers[i] {
			wrong++
			if first == "" {
				first = fmt.Sprintf("%s: theirs %q, ours %q", number, got, answers[i])
			}
		}
	}
	var runs []float64
	for run := 0; run < 3; run++ {
		begun := time.Now()
		for _, number := range numbers {
			ask(number)
		}
		runs = append(runs, float64(time.Since(begun).Nanoseconds())/1e3/float64(len(numbers)))
	}
	sort.Float64s(runs)
	must(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"micros": runs[1], "rates": rates, "asked": len(numbers), "wrong": wrong, "first": first,
		"load_seconds": loaded.Seconds(),
	}))
}
