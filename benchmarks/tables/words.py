"""Words of headers and ids by language, written down without regard to the words that recurra knows, and their encoding."""

from typing import NamedTuple


class Words(NamedTuple):
    """Words of a language.

    Attributes:
        encoding: in which a file of the language is written, if not in Unicode.
        words: separated by commas.
    """

    encoding: str
    words: str


WORDS = {
    "Chinese, simplified": Words("gbk", """
        采集时间,记录日期,统计周期,业务日期,起始时间,发车时间,到站人数,进站客流,出站客流,线路名称,站点编号,车牌号,行驶里程,油耗,
        设备编号,设备名称,环境温度,室外温度,室内湿度,相对湿度,气压,风向,能见度,云量,日照时数,蒸发量,细颗粒物,二氧化硫,臭氧,首要污染物,
        空气质量等级,水位,流速,蓄水量,入库流量,出库流量,有功功率,无功功率,视在功率,电压,电流,频率,功率因数,峰时电量,谷时电量,抄表日期,
        用户类型,供电所,发电量,上网电量,光伏出力,风电出力,煤耗,燃气用量,热负荷,供水温度,回水温度,商品编码,商品名称,规格型号,进货价,
        零售价,折扣,毛利率,毛利额,退货数量,实收金额,应收账款,支付方式,会员等级,渠道来源,仓库名称,期初库存,期末库存,在途数量,安全库存,
        补货量,配送中心,运费,签收时间,快递公司,挂号人次,门诊量,住院人数,床位使用率,新增确诊,累计确诊,治愈出院,死亡人数,疫苗接种,
        挂牌价,成交套数,建筑面积,绿化率,租金,楼盘,户型,点击量,曝光量,转化率,跳出率,访客数,浏览时长,广告费用,新增用户,活跃用户,留存率,
        国内生产总值,居民消费价格,工业增加值,固定资产投资,进出口总额,失业率,货币供应量,财政收入,粮食产量,播种面积,生猪存栏,批发价,
        申购,赎回,单位净值,累计净值,持仓比例,融资余额,融券余量,北向资金,隔夜利率,中间价,结算价,持仓量,交割月份,合约代码,涨停,跌停,
        买入价,卖出价,委托量,内盘,外盘,量比,广州,深圳,成都,杭州,武汉,西安,重庆,南京,天津,苏州,郑州,长沙,沈阳,青岛,宁波,东莞,
        华东,华南,华北,西南,一号线,二号线,早班,晚班,节假日,工作日,是否促销,促销标志,异常值,实测值,预报值,水果,蔬菜,牛奶,面包,鸡蛋"""),
    "Chinese, traditional": Words("cp950", """
        記錄時間,統計期間,資料年月,起始日期,結束日期,觀測時間,進站人數,出站人數,車站名稱,路線,班次,車號,行駛里程,油耗,設備編號,
        設備名稱,室外溫度,相對濕度,氣壓,風向,能見度,日照時數,蒸發量,細懸浮微粒,二氧化硫,臭氧,空氣品質,水位,流速,蓄水量,入流量,出流量,
        電壓,電流,頻率,功率因數,尖峰用電,離峰用電,抄表日,用戶別,供電量,發電量,再生能源,太陽光電,風力發電,備轉容量,瓦斯用量,熱水,
        商品編碼,規格,進貨價,零售價,折扣,毛利率,退貨數量,實收金額,應收帳款,付款方式,會員等級,通路,倉庫,期初存貨,期末存貨,在途數量,
        安全存量,補貨量,物流中心,運費,簽收時間,宅配,門診人次,住院人數,佔床率,新增確診,累計確診,死亡人數,疫苗接種,建物面積,租金,
        坪數,建案,屋齡,點擊數,曝光數,轉換率,跳出率,訪客數,廣告費,新增使用者,活躍用戶,留存率,國內生產毛額,消費者物價,工業生產,
        固定投資,進出口總值,失業率,貨幣供給,稅收,稻米產量,種植面積,養豬頭數,批發價,申購,贖回,單位淨值,累計淨值,融資餘額,融券餘額,
        外資買超,投信,自營商,結算價,未平倉,到期月份,契約,漲停,跌停,買進價,賣出價,委託量,本益比,殖利率,股價淨值比,最後揭示買價,營收,
        去年同月,臺中,臺南,新竹,桃園,基隆,花蓮,屏東,宜蘭,九龍,新界,澳門,北區,南區,東部,離島,假日,平日,早班,晚班,促銷,異常值,
        實測值,預測值,水果,蔬菜,牛奶,麵包,雞蛋,計程車,公車,機車,遊客人次,飯店,房價,住房率,員工,薪資,工時,學生人數,國小,國中"""),
    "Japanese": Words("cp932", """
        計測日時,記録日,集計期間,開始日,終了日,観測時刻,乗車人員,降車人員,駅名,路線,便名,走行距離,燃費,機器番号,装置名,室温,外気温,
        相対湿度,気圧,風向,視程,日照時間,蒸発量,微小粒子状物質,二酸化硫黄,オゾン,水位,流速,貯水量,流入量,放流量,電圧,電流,周波数,力率,
        ピーク電力,夜間電力,検針日,契約種別,供給力,発電量,太陽光,風力,火力,原子力,揚水,予備率,ガス使用量,給湯,商品コード,規格,仕入価格,
        小売価格,割引,粗利益率,返品数,入金額,売掛金,支払方法,会員ランク,販路,倉庫,期首在庫,期末在庫,安全在庫,補充数,物流センター,送料,
        配達日,外来患者数,入院患者数,病床使用率,新規陽性者数,累計感染者,死亡者数,ワクチン接種,床面積,賃料,間取り,築年数,クリック数,
        表示回数,コンバージョン,直帰率,訪問者,広告費,新規登録,アクティブユーザー,継続率,国内総生産,消費者物価,鉱工業生産,設備投資,輸出額,
        輸入額,失業率,マネーストック,税収,米生産量,作付面積,卸売価格,基準価額,純資産総額,分配金,信用残高,配当利回り,株価収益率,清算値,
        建玉,限月,買値,売値,気配,約定数,名古屋,横浜,札幌,福岡,神戸,京都,仙台,広島,北海道,沖縄,関東,近畿,九州,土日祝,平日,早番,遅番,
        販促,異常値,実測値,予測値,果物,野菜,牛乳,パン,たまご,タクシー,バス,宿泊者数,客室単価,稼働率,従業員,給与,残業時間,生徒数,りんご,
        みかん,くるま,おにぎり,お弁当,ビール,コーヒー,アイスクリーム,センサー,バッテリー,メモリ使用率,エラー件数,リクエスト数"""),
    "Korean": Words("cp949", """
        측정일시,기록일,집계기간,시작일,종료일,관측시각,승차인원,하차인원,역명,노선,편명,주행거리,연비,장비번호,설비명,실내온도,외기온도,
        상대습도,기압,풍향,시정,일조시간,증발량,미세먼지,초미세먼지,아황산가스,오존,수위,유속,저수량,유입량,방류량,전압,전류,주파수,역률,
        피크전력,심야전력,검침일,계약종별,공급능력,발전량,태양광,풍력,화력,원자력,예비율,가스사용량,온수,상품코드,규격,매입가,소매가,할인율,
        마진율,반품수량,입금액,미수금,결제수단,회원등급,유통채널,창고,기초재고,기말재고,안전재고,보충량,물류센터,배송비,수령일,외래환자,
        입원환자,병상가동률,신규확진자,누적확진자,사망자,백신접종,전용면적,임대료,아파트,건축연도,클릭수,노출수,전환율,이탈률,방문객,광고비,
        신규가입,활성사용자,유지율,국내총생산,소비자물가,산업생산,설비투자,수출액,수입액,실업률,통화량,세수,쌀생산량,재배면적,도매가격,
        기준가,순자산,분배금,신용잔고,배당수익률,주가수익비율,정산가,미결제약정,만기,매수호가,매도호가,체결량,외국인,기관,개인,대전,대구,
        인천,광주,울산,제주,수원,경기도,강원도,전라남도,공휴일,평일,주말,오전,오후,행사여부,이상치,실측값,예측값,과일,채소,우유,빵,달걀,
        택시,버스,지하철,숙박객,객실단가,가동률,직원수,급여,초과근무,학생수,사과,배추,고추,마늘,양파,돼지고기,커피,맥주,라면,센서,배터리,
        메모리,오류건수,요청수,하늘,구름,바람,눈,비,봄,여름,가을,겨울"""),
    "German": Words("cp1252", """
        Messgröße,Außentemperatur,Raumwärme,Wärmebedarf,Kühlleistung,Gebäude,Zählernummer,Grundgebühr,Gültigkeit,Beginn gültig ab,
        Fördermenge,Förderung,Rückgabe,Rücklauf,Vorlauftemperatur,Stückpreis,Verkaufsfläche,Kassenöffnung,Schlusskurs,Höchststand,Tiefststand,
        Börsenplatz,Erlöse netto,Kündigungen,Zugänge,Abgänge,Bestände,Übernachtungen,Ankünfte,Gäste Ausland,Fahrgäste,Züge,Verspätung,
        Straßenname,Hausnummer,Bezirk,Länderkürzel,Einwohner männlich,Jährling,Ähren,Äpfel,Öko-Anteil,Ölpreis,Überstunden,Übertragung,
        Erzeugung Photovoltaik,Windstärke,Böen,Luftdruck,Niederschlagshöhe,Schneehöhe,Frühschicht,Spätschicht,Mitarbeiterzahl,Löhne,
        Gehälter,Aufwände,Beiträge,Verträge,Aufträge,Rückstände,Mahngebühren,Käufe,Rabatthöhe,Brötchen,Brötchenverkauf,Müsli,Käse,Nüsse,
        Säfte,Würste,Kürbis,Möhren,Rüben,Lübeck,Tübingen,Göttingen,Saarbrücken,Fürth,Gießen,Mönchengladbach,Münster,Osnabrück,Thüringen,
        Schwäbisch Hall,Baden-Württemberg,Genf,Graz,Mödling,Prüfdatum,Prüfer,Maßeinheit,Gewichtsmaß,Füllstand,Durchflussmenge,Stromstärke,
        Leistungsfähigkeit,Ausfälle,Störungen,Störfall,Fehlermeldungen,Schädlinge,Todesfälle,Krankenhäuser,Ärzte,Geschäftsjahr,Umsatzerlös"""),
    "French": Words("cp1252", """
        Consommation électrique,Puissance maximale,Énergie réactive,Tension,Fréquence mesurée,Relevé,Relevés,Opérateur,Équipement,
        Éolien,Hydroélectricité,Nucléaire,Thermique,Pompage,Échanges,Marché libre,Prix à la clôture,Plus haut,Plus bas,Volume échangé,
        Créances,Chiffre,Dépenses,Dépense moyenne,Recettes,Bénéfice,Impôts,Salaires bruts,Employés,Congés,Arrêts,Présence,Élèves,
        Étudiants,Diplômés,Naissances,Décès,Hospitalisés,Réanimation,Guéris,Vaccinés,Médicaments,Spécialité,Fréquentation,Nuitées,
        Chambres occupées,Tarif réduit,Entrées,Séances,Spectacles,Arrivées,Départs,Retards,Trajet,Kilomètres,Véhicules,Vélos,Piétons,
        Stationnement,Arrêt de bus,Métro,Pluviométrie,Température minimale,Humidité relative,Rosée,Ensoleillement,Vitesse du vent,
        Pression,Neige fraîche,Qualité,Particules,Blé,Maïs grain,Orge,Betterave à sucre,Récolte,Surface cultivée,Élevage,Pêche,Fromage râpé,
        Crème,Pâtes,Gâteaux,Bière,Légumes,Céréales,Huîtres,Saint-Étienne,Besançon,Orléans,Nîmes,Angoulême,Bézier,Québec,Genève,Liège,
        Île-de-France,Rhône,Finistère,Hérault,Côtes-d'Armor,Drôme,Catégorie client,Désignation,Modèle,Pièces,Délai,Livré,Reçu le,Créé le,
        Modifié le,Début,Fin prévue,Année scolaire,Trimestre,Février,Décembre,Août,Clé primaire,Numéro de série,Détaillant,Société mère"""),
    "Spanish": Words("cp1252", """
        Medición,Consumo eléctrico,Potencia máxima,Tensión,Presión,Caudal mínimo,Precipitación,Insolación,Evaporación,Humedad,Dirección viento,
        Estación meteorológica,Contaminación,Partículas,Ozono,Fecha de emisión,Fecha recepción,Cotización,Máximo diario,Mínimo diario,
        Sesión,Acción,Comisión,Inversión,Interés,Depósito,Préstamos,Créditos,Facturación,Pérdidas,Ganancia,Nómina,Años de servicio,
        Compañero,Tamaño lote,Diseño,Señal digital,Niñas,Campaña,Montaña,Cabaña,Otoño,Sueños,Pequeñas empresas,Daños,Español,Española,
        Extremeña,Cataluña,La Coruña,Logroño,Málaga,Cádiz,Almería,Jaén,Córdoba,León,Ávila,Cáceres,Mérida,Castellón,Gijón,Bogotá,Medellín,
        Perú,México,Panamá,Asunción,Pasajeros,Vehículos,Autobús,Avión,Tránsito,Kilómetros,Habitación,Ocupación,Turísticos,Pernoctaciones,
        Defunción,Defunciones,Vacunación,Hospitalización,Médicos,Educación,Matrícula,Título,Alumnos,Créditos aprobados,Algodón,Maíz,Plátano,
        Melocotón,Limón,Azúcar,Café molido,Atún,Jamón,Salmón,Almacén,Artículos,Reposición,Devolución,Envíos,Ubicación,Teléfono móvil,
        Dígito,Página,Sección,Versión,Última fila,Próximo mes,Día hábil,Miércoles,Sábado"""),
    "Portuguese": Words("cp1252", """
        Medição,Consumo elétrico,Potência,Tensão,Pressão,Vazão,Precipitação,Insolação,Evaporação,Direção do vento,Estações,Poluição,
        Partículas,Ozônio,Emissão,Recepção,Cotações,Abertura,Máximo,Mínimo,Sessão,Ação ordinária,Comissão,Inflação,Juros,Depósitos,
        Empréstimos,Créditos,Faturação,Receita líquida,Despesas,Salários,Funcionários,Demissões,Admissões,Anos de serviço,Manutenção,
        Reparação,Substituição,Instalação,Tamanho,Amanhã,Avós,Irmãos,Cidadãos,Pães,Limões,Melões,Feijão,Algodão,Maçã,Maçãs,Mamão,Pêssego,
        Açaí,Pão francês,Camarão,Atum,Leitão,Verão,Estação chuvosa,Sertão,São Paulo,Maranhão,Goiás,Ceará,Paraná,Amapá,Rondônia,Brasília,
        Florianópolis,Maceió,Belém,Macapá,Évora,Setúbal,Bragança,Guimarães,Santarém,Lisboa,Passageiros,Veículos,Ônibus,Aviões,Trânsito,
        Quilômetros,Habitações,Ocupação,Diárias,Óbitos,Vacinação,Internações,Médicos,Educação,Matrículas,Alunos,Série histórica,Variável,
        Índice de preços,Preço médio,Preço máximo,Câmbio,Importação,Exportação,Balança,Posição,Armazém,Reposição,Devolução,Localização,
        Terça,Sábado,Fevereiro,Trimestre,Próximo,Última atualização,Razão social,Endereço"""),
    "Italian": Words("cp1252", """
        Quantità venduta,Unità di misura,Velocità vento,Umidità relativa,Qualità aria,Densità abitativa,Capacità,Attività economica,
        Disponibilità,Mobilità,Popolosità,Mortalità,Natalità,Nazionalità,Località,Città metropolitana,Università degli studi,Età media,
        Priorità,Modalità,Tonalità,Intensità,Elettricità,Proprietà,Società quotate,Liquidità,Volatilità,Redditività,Pubblicità,Produttività,
        Lunedì,Martedì,Mercoledì,Giovedì,Venerdì,Caffè,Tè,Tribù,Gioventù,Virtù,Menù,Però,Più alto,Più basso,Finché,Giacché,Metà mese,
        Metà anno,Libertà,Povertà,Novità,Realtà,Estremità,Comunità,Sanità,Specialità,Forlì,Cantù,Cefalù,Nardò,Patti,Agliè,Mondovì,
        Temperatura massima,Prezzo medio,Ricavi,Spesa,Luglio,Gennaio,Negozio,Fatturato"""),
    "Swedish": Words("cp1252", """
        Mätning,Mätvärde,Mätare,Elförbrukning,Fjärrvärme,Värmepump,Lägsta temperatur,Högsta vind,Vindstyrka,Nederbörd,Snödjup,Lufttryck,
        Solinstrålning,Vattenstånd,Flöde,Tillförsel,Kärnkraft,Börs,Stängningskurs,Öppningskurs,Omsättning kronor,Intäkter,Utgifter,Lön,Löner,
        Anställda,Frånvaro,Sjukskrivna,Dödsfall,Vårdplatser,Födda,Invånare,Län,Hushåll,Bostäder,Hyra,Försäljningsställe,Lagernivå,Påfyllning,
        Beställning,Leverantör,Ankomst,Avgång,Försening,Tåg,Båtar,Färja,Cyklar,Körsträcka,Bränsle,Råolja,Järn,Trä,Gödsel,Skörd,Åkermark,
        Mjölk,Ost,Gräddfil,Ärtor,Gurka,Blåbär,Äpplen,Päron,Öl,Kött,Fläsk,Malmö,Jönköping,Örebro,Västerås,Norrköping,Linköping,Umeå,Luleå,
        Gävle,Borås,Växjö,Östersund,Skåne,Småland,Måndag,Lördag,Söndag,Årtal,Förra året,Nästa månad,Tidpunkt,Utfall,Prognosvärde,Överskott"""),
    "Danish": Words("cp1252", """
        Måling,Måler,Målepunkt,Elforbrug,Fjernvarme,Laveste temperatur,Vindstød,Nedbør,Snedybde,Lufttryk,Solindstråling,Vandføring,Kørte km,
        Åbningskurs,Højeste kurs,Omsætning i alt,Indtægter,Udgifter,Løn,Lønninger,Fravær,Sygefravær,Dødsfald,Fødsler,Indbyggere,Område,Huslejer,
        Varelager,Genopfyldning,Leverandør,Ankomst,Afgang,Forsinkelse,Færge,Tog,Både,Rejsende,Strækning,Brændstof,Råolie,Træ,Gødning,Høst,
        Mælk,Fløde,Ærter,Blåbær,Æbler,Pære,Øl,Kød,Flæsk,Rødgrød,Pølser,Rugbrød,Ålborg,Århus,Helsingør,Køge,Hillerød,Sønderborg,Tønder,Rønne,
        Nørrebro,Østerbro,Sjælland,Lørdag,Søndag,Sidste år,Næste måned,Tidspunkt,Værdi i kr,Overskud,Underskud,Skøn,Prøve,Måleenhed"""),
    "Norwegian": Words("cp1252", """
        Måling,Målepunkt,Strømforbruk,Fjernvarme,Laveste temperatur,Vindstyrke,Nedbør,Snødybde,Lufttrykk,Solinnstråling,Vannføring,Kjørelengde,
        Åpningskurs,Høyeste kurs,Omsetning,Inntekter,Utgifter,Lønn,Lønninger,Fravær,Sykefravær,Dødsfall,Fødsler,Innbyggere,Område,Husleie,
        Varelager,Påfyll,Leverandør,Ankomst,Avgang,Forsinkelse,Ferge,Båt,Reisende,Strekning,Drivstoff,Råolje,Tre,Gjødsel,Høsting,Melk,Fløte,
        Erter,Blåbær,Epler,Pære,Øl,Kjøtt,Pølser,Brød,Ålesund,Tromsø,Bodø,Stjørdal,Lillestrøm,Sarpsborg,Tønsberg,Gjøvik,Mjøndalen,Trøndelag,
        Østfold,Nordmøre,Lørdag,Søndag,Forrige år,Neste måned,Tidspunkt,Verdi,Overskudd,Underskudd,Prøve,Måleenhet,Kjøper,Selger,Beløp"""),
    "Polish": Words("cp1250", """
        Pomiar,Zużycie prądu,Napięcie,Natężenie,Częstotliwość,Moc czynna,Ciepło,Ogrzewanie,Temperatura powietrza,Wilgotność względna,Ciśnienie,
        Prędkość wiatru,Opady śniegu,Nasłonecznienie,Pył zawieszony,Stężenie,Poziom wody,Przepływ,Kurs zamknięcia,Najwyższy kurs,Najniższy kurs,
        Wolumen obrotów,Wartość obrotu,Spółka,Przychody,Koszty własne,Zysk,Należności,Zobowiązania,Płace,Wynagrodzenie,Zatrudnienie,Nieobecność,
        Urodzenia żywe,Zgony,Małżeństwa,Zakażenia,Szczepienia,Łóżka,Pacjenci,Mieszkańcy,Powierzchnia użytkowa,Czynsz,Sprzedane sztuki,Stan początkowy,
        Stan końcowy,Dostawa,Zamówienia,Zwroty,Klient,Województwo,Pasażerowie,Pociągi,Opóźnienia,Odległość,Pojazdy,Ruch,Węgiel kamienny,Ropa,
        Miedź,Pszenica,Żyto,Jęczmień,Rzepak,Ziemniaki,Jabłka,Gruszki,Śliwki,Mięso,Mąka,Masło,Śmietana,Bułki,Piwo,Częstochowa,Białystok,Rzeszów,
        Toruń,Gdynia,Zielona Góra,Świętokrzyskie,Śląsk,Łomża,Wałbrzych,Niedziela,Środa,Październik,Grudzień,Tydzień,Święto,Dzień roboczy,Rok bieżący,
        Uwagi,Błąd,Źródło danych,Wskaźnik,Różnica,Średnio,Udział,Kategoria,Jednostka"""),
    "Czech": Words("cp1250", """
        Měření,Spotřeba elektřiny,Napětí,Proud,Kmitočet,Výkon,Dodávka tepla,Vytápění,Teplota vzduchu,Vlhkost,Tlak,Rychlost větru,Srážky,
        Sluneční svit,Prašnost,Koncentrace,Hladina,Průtok,Závěrečný kurz,Nejvyšší cena,Nejnižší cena,Objem obchodů,Společnost,Výnosy,Náklady,
        Zisk,Pohledávky,Závazky,Mzdy,Zaměstnanci,Nepřítomnost,Narození,Zemřelí,Sňatky,Nakažení,Očkování,Lůžka,Pacienti,Obyvatelé,Nájemné,
        Prodané kusy,Počáteční stav,Konečný stav,Objednávky,Vrácené zboží,Cestující,Zpoždění,Vzdálenost,Vozidla,Černé uhlí,Měď,Pšenice,Žito,
        Ječmen,Řepka,Brambory,Jablka,Hrušky,Švestky,Vepřové,Mouka,Máslo,Smetana,Rohlíky,Pivo,České Budějovice,Hradec Králové,Ústí,Děčín,Třebíč,
        Zlín,Příbram,Žďár,Břeclav,Vysočina,Neděle,Úterý,Čtvrtek,Týden,Svátek,Pracovní den,Běžný rok,Poznámky,Chyba,Zdroj údajů,Ukazatel,Rozdíl,
        Průměrně,Podíl,Jednotka,Sklad,Měsíční platba,Roční úrok,Splátka,Dluh"""),
    "Hungarian": Words("cp1250", """
        Mérés,Mérő állás,Áramfogyasztás,Feszültség,Áramerősség,Frekvencia,Teljesítmény,Hőszolgáltatás,Fűtési idény,Léghőmérséklet,Páratartalom,
        Légnyomás,Szélerősség,Csapadék,Napsütéses órák,Szállópor,Vízállás,Vízhozam,Záróár,Napi maximum,Napi minimum,Forgalom értéke,Részvény,
        Árbevétel,Költségek,Nyereség,Követelések,Kötelezettség,Bérek,Foglalkoztatott,Hiányzás,Születések,Halálozás,Házasság,Fertőzöttek,
        Oltottak,Ágyszám,Betegek,Népesség,Bérleti díj,Eladott darab,Nyitókészlet,Zárókészlet,Rendelések,Visszáru,Vevő,Beszállító,Megye,Utasok,
        Vonatok,Késés,Távolság,Járművek,Kőszén,Földgáz,Búza,Árpa,Repce,Burgonya,Alma,Körte,Szilva,Sertéshús,Liszt,Vaj,Tejföl,Zsemle,Sör,Pécs,
        Székesfehérvár,Kecskemét,Nyíregyháza,Gödöllő,Vác,Hódmezővásárhely,Szentendre,Vasárnap,Szerda,Hétfői nap,Hét,Ünnep,Munkanap,Tárgyév,
        Előző év,Megjegyzés,Hiba,Adatforrás,Mutató,Különbség,Részesedés,Mértékegység,Időbélyeg,Kezdő időpont,Működési idő,Sűrűségmérő,Főösszeg"""),
    "Croatian": Words("cp1250", """
        Mjerenje,Potrošnja struje,Napon,Jačina,Učestalost,Radna snaga,Grijanje,Temperatura zraka,Vlažnost,Tlak zraka,Brzina vjetra,Oborine,
        Osunčanost,Čestice,Vodostaj,Protok,Zaključna cijena,Najviši tečaj,Najniži tečaj,Promet dionica,Društvo,Prihodi,Troškovi,Dobit,
        Potraživanja,Obveze,Plaće,Zaposleni,Odsutnost,Rođeni,Umrli,Vjenčanja,Zaraženi,Cijepljeni,Bolesnički kreveti,Stanovništvo,Najamnina,
        Prodane količine,Početno stanje,Završno stanje,Narudžbe,Povrat robe,Kupac,Dobavljač,Županija,Putnici,Vlakovi,Kašnjenje,Udaljenost,
        Vozila,Ugljen,Pšenica,Ječam,Uljana repica,Krumpir,Jabuke,Kruške,Šljive,Svinjetina,Brašno,Maslac,Vrhnje,Kruh,Pivo,Čakovec,Šibenik,Požega,
        Križevci,Varaždin,Bjelovar,Međimurje,Primorje,Đakovo,Nedjelja,Četvrtak,Tjedan,Radni dan,Tekuća godina,Prošla godina,Bilješka,Greška,
        Izvor podataka,Pokazatelj,Razlika,Prosječno,Udio,Mjerna jedinica,Skladište,Rujan,Siječanj,Ožujak,Noćenja,Turistički dolasci"""),
    "Romanian": Words("cp1250", """
        Măsurare,Consum energie,Tensiune,Frecvenţă,Putere activă,Căldură,Încălzire,Temperatură aer,Umiditate relativă,Presiune atmosferică,
        Viteză vânt,Precipitaţii,Insolaţie,Pulberi,Nivelul apei,Debit,Preţ închidere,Preţ maxim,Preţ minim,Volum tranzacţii,Acţiuni,Venituri,
        Cheltuieli,Câştig,Creanţe,Datorii,Salarii,Angajaţi,Absenţe,Naşteri,Decese,Căsătorii,Infectaţi,Vaccinaţi,Paturi,Pacienţi,Populaţie,
        Chirie,Bucăţi vândute,Stoc iniţial,Stoc final,Comenzi,Retururi,Cumpărător,Furnizor,Judeţ,Călători,Trenuri,Întârziere,Distanţă,
        Maşini,Cărbune,Ţiţei,Grâu,Orz,Rapiţă,Cartofi,Mere,Pere,Prune,Carne,Făină,Unt,Smântână,Pâine,Bere,Iaşi,Constanţa,Braşov,Timişoara,
        Ploieşti,Piteşti,Bistriţa,Reşiţa,Târgu Mureş,Argeş,Neamţ,Dâmboviţa,Duminică,Marţi,Sâmbătă,Săptămâna,Sărbătoare,Zi lucrătoare,An curent,
        Observaţii,Eroare,Sursă date,Diferenţă,Pondere,Unitate măsură,Factură,Plăţi,Dobândă,Împrumut,Ştiri,Şosea,Ţesături,Înălţimea"""),
}  # fmt: skip
OTHERS = {  # in encodings that are not of the list: they must be refused
    "Russian": Words("cp1251", """
        Дата,Время,Продажи,Количество,Цена,Выручка,Температура,Влажность,Давление,Город,Магазин,Товар,Потребление,Мощность,Расход,
        Открытие,Закрытие,Максимум,Минимум,Объём,Итого,Москва,Казань,Область,Клиенты,Прибыль,Месяц,Неделя,Значение,Единица"""),
    "Greek": Words("cp1253", """
        Ημερομηνία,Ώρα,Πωλήσεις,Ποσότητα,Τιμή,Έσοδα,Θερμοκρασία,Υγρασία,Πίεση,Πόλη,Κατάστημα,Προϊόν,Κατανάλωση,Ισχύς,Ροή,Άνοιγμα,
        Κλείσιμο,Μέγιστο,Ελάχιστο,Όγκος,Σύνολο,Αθήνα,Πάτρα,Περιοχή,Πελάτες,Κέρδος,Μήνας,Εβδομάδα,Αξία,Μονάδα"""),
    "Thai": Words("cp874", """
        วันที่,เวลา,ยอดขาย,จำนวน,ราคา,รายได้,อุณหภูมิ,ความชื้น,ความดัน,เมือง,ร้านค้า,สินค้า,ปริมาณการใช้,กำลังไฟฟ้า,ราคาเปิด,ราคาปิด,
        สูงสุด,ต่ำสุด,ปริมาณ,รวม,กรุงเทพ,เชียงใหม่,ภูมิภาค,ลูกค้า,กำไร,เดือน,สัปดาห์,มูลค่า,หน่วย,รหัส"""),
    "Arabic": Words("cp1256", """
        التاريخ,الوقت,المبيعات,الكمية,السعر,الإيرادات,درجة الحرارة,الرطوبة,الضغط,المدينة,المتجر,المنتج,الاستهلاك,القدرة,التدفق,
        الافتتاح,الإغلاق,الأعلى,الأدنى,الحجم,المجموع,القاهرة,المنطقة,العملاء,الربح,الشهر,الأسبوع,القيمة,الوحدة,الرمز"""),
}  # fmt: skip
