package sim

import "math"

// place is a town of the geocoding service, with its GeoNames id.
type place struct {
	id         int
	name       string
	lat, lon   float64
	elevation  float64 // metres
	feature    string  // GeoNames' feature code: PPLC for a capital, PPLA for a region's capital, PPL for other towns
	code       string  // country code, ISO 3166 alpha-2
	country    string
	admin1     string
	zone       string // IANA
	population int
	aliases    []string // other names that find it
}

// nearPlace is a place and its distance from the requested point.
type nearPlace struct {
	*place
	distance float64 // approximate, in degrees of a great circle
}

// nearestPlace searches the whole table, which takes one or two microseconds.
func nearestPlace(lat, lon float64) nearPlace {
	nearest := nearPlace{distance: math.Inf(1)}
	narrow := math.Cos(radians(lat))
	for i := range places {
		p := &places[i]
		if d := math.Hypot(p.lat-lat, math.Remainder(p.lon-lon, 360)*narrow); d < nearest.distance {
			nearest = nearPlace{p, d}
		}
	}
	return nearest
}

// places are sample places, some with the same name.
var places = [...]place{
	{1273294, "Delhi", 28.65195, 77.23149, 227, "PPLA", "IN", "India", "Delhi", "Asia/Kolkata", 10927986, []string{"दिल्ली"}},
	{1261481, "New Delhi", 28.63576, 77.22445, 216, "PPLC", "IN", "India", "Delhi", "Asia/Kolkata", 317797, []string{"नई दिल्ली"}},
	{1275339, "Mumbai", 19.07283, 72.88261, 14, "PPLA", "IN", "India", "Maharashtra", "Asia/Kolkata", 12691836, []string{"Bombay"}},
	{1277333, "Bengaluru", 12.97194, 77.59369, 920, "PPLA", "IN", "India", "Karnataka", "Asia/Kolkata", 8443675, []string{"Bangalore"}},
	{1275004, "Kolkata", 22.56263, 88.36304, 11, "PPLA", "IN", "India", "West Bengal", "Asia/Kolkata", 4631392, []string{"Calcutta"}},
	{1264527, "Chennai", 13.08784, 80.27847, 13, "PPLA", "IN", "India", "Tamil Nadu", "Asia/Kolkata", 4328063, []string{"Madras"}},
	{1269843, "Hyderabad", 17.38405, 78.45636, 515, "PPLA", "IN", "India", "Telangana", "Asia/Kolkata", 3597816, nil},
	{1176734, "Hyderabad", 25.39242, 68.37366, 29, "PPL", "PK", "Pakistan", "Sindh", "Asia/Karachi", 1386330, nil},
	{1174872, "Karachi", 24.8608, 67.0104, 4, "PPLA", "PK", "Pakistan", "Sindh", "Asia/Karachi", 11624219, nil},
	{1172451, "Lahore", 31.558, 74.35071, 216, "PPLA", "PK", "Pakistan", "Punjab", "Asia/Karachi", 6310888, nil},
	{1185241, "Dhaka", 23.7104, 90.40744, 23, "PPLC", "BD", "Bangladesh", "Dhaka", "Asia/Dhaka", 10356500, nil},
	{1283240, "Kathmandu", 27.70169, 85.3206, 1317, "PPLC", "NP", "Nepal", "Bagmati", "Asia/Kathmandu", 1442271, nil},
	{1816670, "Beijing", 39.9075, 116.39723, 49, "PPLC", "CN", "China", "Beijing", "Asia/Shanghai", 18960744, []string{"北京", "Peking"}},
	{1796236, "Shanghai", 31.22222, 121.45806, 12, "PPLA", "CN", "China", "Shanghai", "Asia/Shanghai", 24874500, []string{"上海"}},
	{1819729, "Hong Kong", 22.27832, 114.17469, 50, "PPLC", "HK", "Hong Kong", "", "Asia/Hong_Kong", 7491609, []string{"香港"}},
	{1850147, "Tokyo", 35.6895, 139.69171, 44, "PPLC", "JP", "Japan", "Tokyo", "Asia/Tokyo", 8336599, []string{"東京"}},
	{1853909, "Osaka", 34.69374, 135.50218, 24, "PPLA", "JP", "Japan", "Osaka", "Asia/Tokyo", 2592413, []string{"大阪"}},
	{1835848, "Seoul", 37.566, 126.9784, 38, "PPLC", "KR", "South Korea", "Seoul", "Asia/Seoul", 10349312, []string{"서울"}},
	{2028462, "Ulan Bator", 47.90771, 106.88324, 1296, "PPLC", "MN", "Mongolia", "Ulaanbaatar", "Asia/Ulaanbaatar", 844818, []string{"Ulaanbaatar"}},
	{1880252, "Singapore", 1.28967, 103.85007, 23, "PPLC", "SG", "Singapore", "", "Asia/Singapore", 5638700, nil},
	{1609350, "Bangkok", 13.75398, 100.50144, 12, "PPLC", "TH", "Thailand", "Bangkok", "Asia/Bangkok", 5104476, nil},
	{1642911, "Jakarta", -6.21462, 106.84513, 8, "PPLC", "ID", "Indonesia", "Jakarta", "Asia/Jakarta", 8540121, nil},
	{1701668, "Manila", 14.6042, 120.9822, 13, "PPLC", "PH", "Philippines", "Metro Manila", "Asia/Manila", 1600000, nil},
	{292223, "Dubai", 25.07725, 55.30927, 18, "PPLA", "AE", "United Arab Emirates", "Dubai", "Asia/Dubai", 3790000, []string{"دبي"}},
	{108410, "Riyadh", 24.68773, 46.72185, 612, "PPLC", "SA", "Saudi Arabia", "Riyadh Region", "Asia/Riyadh", 4205961, nil},
	{112931, "Tehran", 35.69439, 51.42151, 1179, "PPLC", "IR", "Iran", "Tehran", "Asia/Tehran", 7153309, []string{"تهران"}},
	{98182, "Baghdad", 33.34058, 44.40088, 41, "PPLC", "IQ", "Iraq", "Baghdad", "Asia/Baghdad", 7216000, []string{"بغداد"}},
	{745044, "Istanbul", 41.01384, 28.94966, 39, "PPLA", "TR", "Turkey", "Istanbul", "Europe/Istanbul", 14804116, []string{"İstanbul"}},
	{1526384, "Almaty", 43.25249, 76.9115, 787, "PPLA", "KZ", "Kazakhstan", "Almaty", "Asia/Almaty", 1977011, nil},

	{524901, "Moscow", 55.75222, 37.61556, 144, "PPLC", "RU", "Russia", "Moscow", "Europe/Moscow", 10381222, []string{"Москва"}},
	{498817, "Saint Petersburg", 59.93863, 30.31413, 11, "PPLA", "RU", "Russia", "St.-Petersburg", "Europe/Moscow", 5351935, []string{"Санкт-Петербург"}},
	{2013159, "Yakutsk", 62.03389, 129.73306, 98, "PPLA", "RU", "Russia", "Sakha", "Asia/Yakutsk", 235600, []string{"Якутск"}},
	{703448, "Kyiv", 50.45466, 30.5238, 187, "PPLC", "UA", "Ukraine", "Kyiv City", "Europe/Kyiv", 2797553, []string{"Київ", "Kiev"}},
	{756135, "Warsaw", 52.22977, 21.01178, 113, "PPLC", "PL", "Poland", "Mazovia", "Europe/Warsaw", 1702139, []string{"Warszawa"}},
	{3067696, "Prague", 50.08804, 14.42076, 202, "PPLC", "CZ", "Czechia", "Prague", "Europe/Prague", 1165581, []string{"Praha"}},
	{3054643, "Budapest", 47.49801, 19.03991, 104, "PPLC", "HU", "Hungary", "Budapest", "Europe/Budapest", 1741041, nil},
	{683506, "Bucharest", 44.43225, 26.10626, 83, "PPLC", "RO", "Romania", "București", "Europe/Bucharest", 1877155, []string{"București"}},
	{264371, "Athens", 37.98376, 23.72784, 70, "PPLC", "GR", "Greece", "Attica", "Europe/Athens", 664046, []string{"Αθήνα"}},
	{2950159, "Berlin", 52.52437, 13.41053, 74, "PPLC", "DE", "Germany", "State of Berlin", "Europe/Berlin", 3426354, nil},
	{2911298, "Hamburg", 53.57532, 10.01534, 6, "PPLA", "DE", "Germany", "Hamburg", "Europe/Berlin", 1739117, nil},
	{2867714, "Munich", 48.13743, 11.57549, 524, "PPLA", "DE", "Germany", "Bavaria", "Europe/Berlin", 1260391, []string{"München"}},
	{2925533, "Frankfurt am Main", 50.11552, 8.68417, 113, "PPL", "DE", "Germany", "Hesse", "Europe/Berlin", 650000, []string{"Frankfurt"}},
	{2761369, "Vienna", 48.20849, 16.37208, 171, "PPLC", "AT", "Austria", "Vienna", "Europe/Vienna", 1691468, []string{"Wien"}},
	{2657896, "Zürich", 47.36667, 8.55, 429, "PPLA", "CH", "Switzerland", "Zurich", "Europe/Zurich", 341730, []string{"Zurich"}},
	{2660646, "Geneva", 46.20222, 6.14569, 375, "PPLA", "CH", "Switzerland", "Geneva", "Europe/Zurich", 183981, []string{"Genève"}},
	{2759794, "Amsterdam", 52.37403, 4.88969, 13, "PPLC", "NL", "Netherlands", "North Holland", "Europe/Amsterdam", 741636, nil},
	{2800866, "Brussels", 50.85045, 4.34878, 28, "PPLC", "BE", "Belgium", "Brussels Capital", "Europe/Brussels", 1019022, []string{"Bruxelles"}},
	{2988507, "Paris", 48.85341, 2.3488, 42, "PPLC", "FR", "France", "Île-de-France", "Europe/Paris", 2138551, nil},
	{4717560, "Paris", 33.66094, -95.55551, 183, "PPLA2", "US", "United States", "Texas", "America/Chicago", 24782, nil},
	{2643743, "London", 51.50853, -0.12574, 25, "PPLC", "GB", "United Kingdom", "England", "Europe/London", 8961989, nil},
	{6058560, "London", 42.98339, -81.23304, 252, "PPL", "CA", "Canada", "Ontario", "America/Toronto", 346765, nil},
	{2643123, "Manchester", 53.48095, -2.23743, 51, "PPLA2", "GB", "United Kingdom", "England", "Europe/London", 395515, nil},
	{2655603, "Birmingham", 52.48142, -1.89983, 149, "PPLA2", "GB", "United Kingdom", "England", "Europe/London", 984333, nil},
	{4049979, "Birmingham", 33.52066, -86.80249, 187, "PPLA2", "US", "United States", "Alabama", "America/Chicago", 212461, nil},
	{2650225, "Edinburgh", 55.95206, -3.19648, 47, "PPLA", "GB", "United Kingdom", "Scotland", "Europe/London", 464990, nil},
	{2964574, "Dublin", 53.33306, -6.24889, 17, "PPLC", "IE", "Ireland", "Leinster", "Europe/Dublin", 1024027, nil},
	{3117735, "Madrid", 40.4165, -3.70256, 665, "PPLC", "ES", "Spain", "Madrid", "Europe/Madrid", 3255944, nil},
	{3128760, "Barcelona", 41.38879, 2.15899, 47, "PPLA", "ES", "Spain", "Catalonia", "Europe/Madrid", 1621537, nil},
	{2267057, "Lisbon", 38.71667, -9.13333, 15, "PPLC", "PT", "Portugal", "Lisbon", "Europe/Lisbon", 517802, []string{"Lisboa"}},
	{3169070, "Rome", 41.89193, 12.51133, 20, "PPLC", "IT", "Italy", "Latium", "Europe/Rome", 2318895, []string{"Roma"}},
	{3173435, "Milan", 45.46427, 9.18951, 122, "PPLA", "IT", "Italy", "Lombardy", "Europe/Rome", 1371498, []string{"Milano"}},
	{2618425, "Copenhagen", 55.67594, 12.56553, 5, "PPLC", "DK", "Denmark", "Capital Region", "Europe/Copenhagen", 1153615, []string{"København"}},
	{2673730, "Stockholm", 59.32938, 18.06871, 17, "PPLC", "SE", "Sweden", "Stockholm", "Europe/Stockholm", 1515017, nil},
	{658225, "Helsinki", 60.16952, 24.93545, 26, "PPLC", "FI", "Finland", "Uusimaa", "Europe/Helsinki", 558457, nil},
	{3143244, "Oslo", 59.91273, 10.74609, 26, "PPLC", "NO", "Norway", "Oslo", "Europe/Oslo", 580000, nil},
	{3161732, "Bergen", 60.39299, 5.32415, 12, "PPLA", "NO", "Norway", "Vestland", "Europe/Oslo", 213585, nil},
	{3133895, "Tromsø", 69.6489, 18.95508, 8, "PPLA", "NO", "Norway", "Troms", "Europe/Oslo", 52436, []string{"Tromso"}},
	{2729907, "Longyearbyen", 78.22334, 15.64689, 16, "PPLC", "SJ", "Svalbard and Jan Mayen", "Svalbard", "Arctic/Longyearbyen", 2060, nil},
	{3413829, "Reykjavik", 64.13548, -21.89541, 37, "PPLC", "IS", "Iceland", "Capital Region", "Atlantic/Reykjavik", 118918, []string{"Reykjavík"}},

	{360630, "Cairo", 30.06263, 31.24967, 23, "PPLC", "EG", "Egypt", "Cairo", "Africa/Cairo", 9606916, []string{"القاهرة"}},
	{2332459, "Lagos", 6.45407, 3.39467, 11, "PPLA2", "NG", "Nigeria", "Lagos", "Africa/Lagos", 15388000, nil},
	{184745, "Nairobi", -1.28333, 36.81667, 1669, "PPLC", "KE", "Kenya", "Nairobi", "Africa/Nairobi", 2750547, nil},
	{344979, "Addis Ababa", 9.02497, 38.74689, 2405, "PPLC", "ET", "Ethiopia", "Addis Ababa", "Africa/Addis_Ababa", 2757729, nil},
	{2314302, "Kinshasa", -4.32758, 15.31357, 281, "PPLC", "CD", "DR Congo", "Kinshasa", "Africa/Kinshasa", 7785965, nil},
	{2306104, "Accra", 5.55602, -0.1969, 61, "PPLC", "GH", "Ghana", "Greater Accra", "Africa/Accra", 1963264, nil},
	{2553604, "Casablanca", 33.58831, -7.61138, 27, "PPLA", "MA", "Morocco", "Casablanca-Settat", "Africa/Casablanca", 3144909, nil},
	{993800, "Johannesburg", -26.20227, 28.04363, 1767, "PPLA", "ZA", "South Africa", "Gauteng", "Africa/Johannesburg", 2026469, nil},
	{3369157, "Cape Town", -33.92584, 18.42322, 25, "PPLA", "ZA", "South Africa", "Western Cape", "Africa/Johannesburg", 3433441, nil},

	{5128581, "New York", 40.71427, -74.00597, 10, "PPL", "US", "United States", "New York", "America/New_York", 8804190, []string{"New York City"}},
	{5368361, "Los Angeles", 34.05223, -118.24368, 89, "PPLA2", "US", "United States", "California", "America/Los_Angeles", 3971883, nil},
	{4887398, "Chicago", 41.85003, -87.65005, 179, "PPLA2", "US", "United States", "Illinois", "America/Chicago", 2720546, nil},
	{5391959, "San Francisco", 37.77493, -122.41942, 16, "PPLA2", "US", "United States", "California", "America/Los_Angeles", 864816, nil},
	{5809844, "Seattle", 47.60621, -122.33207, 56, "PPLA2", "US", "United States", "Washington", "America/Los_Angeles", 684451, nil},
	{5419384, "Denver", 39.73915, -104.9847, 1636, "PPLA", "US", "United States", "Colorado", "America/Denver", 682545, nil},
	{4164138, "Miami", 25.77427, -80.19366, 25, "PPLA2", "US", "United States", "Florida", "America/New_York", 441003, nil},
	{4140963, "Washington", 38.89511, -77.03637, 7, "PPLC", "US", "United States", "District of Columbia", "America/New_York", 689545, []string{"Washington, D.C."}},
	{4409896, "Springfield", 37.21533, -93.29824, 396, "PPLA2", "US", "United States", "Missouri", "America/Chicago", 166810, nil},
	{4951788, "Springfield", 42.10148, -72.58981, 21, "PPLA2", "US", "United States", "Massachusetts", "America/New_York", 154341, nil},
	{4250542, "Springfield", 39.80172, -89.64371, 182, "PPLA", "US", "United States", "Illinois", "America/Chicago", 116565, nil},
	{5879400, "Anchorage", 61.21806, -149.90028, 31, "PPLA2", "US", "United States", "Alaska", "America/Anchorage", 298695, nil},
	{5856195, "Honolulu", 21.30694, -157.85833, 18, "PPLA", "US", "United States", "Hawaii", "Pacific/Honolulu", 371657, nil},
	{6167865, "Toronto", 43.70643, -79.39864, 175, "PPLA", "CA", "Canada", "Ontario", "America/Toronto", 2600000, nil},
	{6077243, "Montreal", 45.50884, -73.58781, 216, "PPLA2", "CA", "Canada", "Quebec", "America/Toronto", 1600000, []string{"Montréal"}},
	{6173331, "Vancouver", 49.24966, -123.11934, 70, "PPL", "CA", "Canada", "British Columbia", "America/Vancouver", 600000, nil},
	{3530597, "Mexico City", 19.42847, -99.12766, 2240, "PPLC", "MX", "Mexico", "Mexico City", "America/Mexico_City", 12294193, []string{"Ciudad de México"}},
	{3688689, "Bogotá", 4.60971, -74.08175, 2582, "PPLC", "CO", "Colombia", "Bogota D.C.", "America/Bogota", 7674366, []string{"Bogota"}},
	{3652462, "Quito", -0.22985, -78.52495, 2854, "PPLC", "EC", "Ecuador", "Pichincha", "America/Guayaquil", 1399814, nil},
	{3936456, "Lima", -12.04318, -77.02824, 161, "PPLC", "PE", "Peru", "Lima Province", "America/Lima", 7737002, nil},
	{3448439, "São Paulo", -23.5475, -46.63611, 769, "PPLA", "BR", "Brazil", "São Paulo", "America/Sao_Paulo", 10021295, []string{"Sao Paulo"}},
	{3451190, "Rio de Janeiro", -22.90642, -43.18223, 9, "PPLA", "BR", "Brazil", "Rio de Janeiro", "America/Sao_Paulo", 6747815, nil},
	{3469058, "Brasília", -15.77972, -47.92972, 1136, "PPLC", "BR", "Brazil", "Federal District", "America/Sao_Paulo", 2207718, []string{"Brasilia"}},
	{3435910, "Buenos Aires", -34.61315, -58.37723, 31, "PPLC", "AR", "Argentina", "Buenos Aires F.D.", "America/Argentina/Buenos_Aires", 13076300, nil},
	{3833367, "Ushuaia", -54.80191, -68.30295, 19, "PPLA", "AR", "Argentina", "Tierra del Fuego", "America/Argentina/Ushuaia", 58028, nil},
	{3871336, "Santiago", -33.45694, -70.64827, 556, "PPLC", "CL", "Chile", "Santiago Metropolitan", "America/Santiago", 4837295, nil},

	{2147714, "Sydney", -33.86785, 151.20732, 58, "PPLA", "AU", "Australia", "New South Wales", "Australia/Sydney", 4627345, nil},
	{2158177, "Melbourne", -37.814, 144.96332, 25, "PPLA", "AU", "Australia", "Victoria", "Australia/Melbourne", 4246375, nil},
	{2063523, "Perth", -31.95224, 115.8614, 20, "PPLA", "AU", "Australia", "Western Australia", "Australia/Perth", 1896548, nil},
	{2073124, "Darwin", -12.46113, 130.84185, 37, "PPLA", "AU", "Australia", "Northern Territory", "Australia/Darwin", 129062, nil},
	{2193733, "Auckland", -36.84853, 174.76349, 26, "PPLA", "NZ", "New Zealand", "Auckland", "Pacific/Auckland", 417910, nil},
	{2179537, "Wellington", -41.28664, 174.77557, 31, "PPLC", "NZ", "New Zealand", "Wellington Region", "Pacific/Auckland", 381900, nil},
}
